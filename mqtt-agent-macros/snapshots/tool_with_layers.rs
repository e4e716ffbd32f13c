/// Opens a valve.
fn open(valve: u32) {}
#[doc(hidden)]
const fn __put_tool_above_open_or_write_its_full_path() -> &'static ::mqtt_agent::__private::ToolDef {
    static __DEFINITION: ::mqtt_agent::__private::ToolDef = {
        use ::mqtt_agent::__private as __mqtt_agent;
        use __mqtt_agent::{AnyRoot as _, PlainReply as _};
        let __tool = ::mqtt_agent::__private::ToolDef::answering(
            "open",
            "Opens a valve.",
            &[
                __mqtt_agent::ArgDef::new(
                    "valve",
                    "",
                    <u32 as __mqtt_agent::Param<'_>>::NEED,
                ),
            ],
            __mqtt_agent::output(
                __mqtt_agent::ReplyOf::<()>::PARTS,
                __mqtt_agent::Reply::DESCRIBED,
            ),
            __mqtt_agent::Handler::Inline({
                fn __handle<'__call, __Any>(
                    call: &mut __mqtt_agent::Call<'__call>,
                ) -> ::core::result::Result<
                    __mqtt_agent::Answer,
                    __mqtt_agent::Refused,
                > {
                    match call.take(<u32 as __mqtt_agent::Param<'_>>::take, "valve") {
                        ::core::option::Option::Some(__argument_0) => {
                            ::core::result::Result::Ok(
                                __mqtt_agent::answer(
                                    open(__argument_0),
                                    __mqtt_agent::ReplyOf::<()>::PARTS,
                                    __mqtt_agent::Reply::ANSWERED,
                                    __mqtt_agent::ToolError::into_failure,
                                ),
                            )
                        }
                        ::core::option::Option::None => {
                            ::core::result::Result::Err(__mqtt_agent::Refused)
                        }
                    }
                }
                __handle::<()>
            }),
            __mqtt_agent::Location::new(::core::file!(), ::core::line!()),
        );
        __mqtt_agent::check_parameter(
            __tool.args(),
            0usize,
            true,
            __mqtt_agent::RootOf::<u32>::ROOT,
        );
        __tool
            .error_codes(
                &__mqtt_agent::codes(
                    __mqtt_agent::ReplyOf::<()>::PARTS,
                    __mqtt_agent::ToolError::codes_of,
                ),
            )
            .layers(
                &[
                    || ::mqtt_agent::__private::layer(
                        ConcurrencyByKey::by_argument(1, "valve"),
                    ),
                    || ::mqtt_agent::__private::layer(office_only()),
                ],
            )
    };
    ::mqtt_agent::__private::inventory::submit! {
        ::mqtt_agent::__private::RegisteredTool(& __DEFINITION,
        ::core::option_env!("CARGO_PKG_NAME"))
    }
    #[doc(hidden)]
    #[allow(non_local_definitions)]
    #[macro_export]
    macro_rules! __tool_name_open_is_taken_write_another_one {
        () => {};
    }
    &__DEFINITION
}
