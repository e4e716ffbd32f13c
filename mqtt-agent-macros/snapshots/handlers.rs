fn main() {
    {
        const _: () = {
            #[track_caller]
            const fn __on_or_request_attribute_on_status_or_a_path_to_it() {
                ::core::panic!(
                    "`other::status` is no topic handler that can be seen here; write `#[on]` or `#[request]` above the function, make it visible here, and name it by the path of the module where it is written, not by one that a `use` made"
                )
            }
            {
                use other::*;
                #[allow(deprecated)]
                let _ = other::status;
                let _ = __on_or_request_attribute_on_status_or_a_path_to_it();
            }
        };
        [
            __on_or_request_attribute_on_reading_or_a_path_to_it(),
            {
                const fn __on_or_request_attribute_on_status_or_a_path_to_it<__Any>() -> __Any {
                    ::core::panic!()
                }
                {
                    use other::*;
                    __on_or_request_attribute_on_status_or_a_path_to_it()
                }
            },
        ]
    }
}
