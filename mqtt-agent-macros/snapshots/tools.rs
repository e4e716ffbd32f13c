fn main() {
    {
        const _: () = {
            #[track_caller]
            const fn __tool_attribute_on_forecast_or_a_path_to_it() {
                ::core::panic!(
                    "`other::forecast` is no tool that can be seen here; write `#[tool]` above the function, make it visible here, and name it by the path of the module where it is written, not by one that a `use` made"
                )
            }
            {
                use other::*;
                #[allow(deprecated)]
                let _ = other::forecast;
                let _ = __tool_attribute_on_forecast_or_a_path_to_it();
            }
        };
        const _: () = {
            let __tools = [
                __tool_attribute_on_weather_or_a_path_to_it(),
                {
                    const fn __tool_attribute_on_forecast_or_a_path_to_it<__Any>() -> __Any {
                        ::core::panic!()
                    }
                    {
                        use other::*;
                        __tool_attribute_on_forecast_or_a_path_to_it()
                    }
                },
            ];
            (__tools[1usize]).assert_new_in(&__tools, 1usize);
        };
        [
            __tool_attribute_on_weather_or_a_path_to_it(),
            {
                const fn __tool_attribute_on_forecast_or_a_path_to_it<__Any>() -> __Any {
                    ::core::panic!()
                }
                {
                    use other::*;
                    __tool_attribute_on_forecast_or_a_path_to_it()
                }
            },
        ]
    }
}
