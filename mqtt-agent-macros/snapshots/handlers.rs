fn main() {
    {
        const _: () = {
            #[track_caller]
            const fn __put_on_or_request_above_status_or_write_its_full_path() {
                ::core::panic!(
                    "`other::status` is no topic handler that can be seen here; write `#[on]` or `#[request]` above the function, make it visible here, and name it by the path of the module where it is written, not by one that a `use` made"
                )
            }
            {
                use other::*;
                #[allow(deprecated)]
                let _ = other::status;
                let _ = __put_on_or_request_above_status_or_write_its_full_path();
            }
        };
        [
            __put_on_or_request_above_reading_or_write_its_full_path(),
            {
                const fn __put_on_or_request_above_status_or_write_its_full_path<__Any>() -> __Any {
                    ::core::panic!()
                }
                {
                    use other::*;
                    __put_on_or_request_above_status_or_write_its_full_path()
                }
            },
        ]
    }
}
