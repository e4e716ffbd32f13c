fn main() {
    {
        const _: () = {
            #[track_caller]
            const fn __put_tool_above_forecast_or_write_its_full_path() {
                ::core::panic!(
                    "`other::forecast` is no tool that can be seen here; write `#[tool]` above the function, make it visible here, and name it by the path of the module where it is written, not by one that a `use` made; a skill goes into `skills![..]`"
                )
            }
            {
                use other::*;
                #[allow(deprecated)]
                let _ = other::forecast;
                let _ = __put_tool_above_forecast_or_write_its_full_path();
            }
        };
        const _: () = {
            let __tools = [
                __put_tool_above_weather_or_write_its_full_path(),
                {
                    const fn __put_tool_above_forecast_or_write_its_full_path<__Any>() -> __Any {
                        ::core::panic!()
                    }
                    {
                        use other::*;
                        __put_tool_above_forecast_or_write_its_full_path()
                    }
                },
            ];
            (__tools[1usize]).assert_new_in(&__tools, 1usize);
        };
        [
            __put_tool_above_weather_or_write_its_full_path(),
            {
                const fn __put_tool_above_forecast_or_write_its_full_path<__Any>() -> __Any {
                    ::core::panic!()
                }
                {
                    use other::*;
                    __put_tool_above_forecast_or_write_its_full_path()
                }
            },
        ]
    }
}
