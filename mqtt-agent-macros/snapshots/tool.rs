/// Current weather for a city.
#[allow(clippy::inline_always)]
#[inline(always)]
async fn weather(
    city: String,
    days: Option<u8>,
    cx: &Context,
) -> Result<Report, WeatherError> {
    look_up(city, days, cx).await
}
#[doc(hidden)]
const fn __put_tool_above_weather_or_write_its_full_path() -> &'static ::mqtt_agent::__private::ToolDef {
    static __DEFINITION: ::mqtt_agent::__private::ToolDef = {
        use ::mqtt_agent::__private as __mqtt_agent;
        use __mqtt_agent::{AnyRoot as _, PlainReply as _};
        let __tool = ::mqtt_agent::__private::ToolDef::answering(
            "weather",
            "Current weather for a city.",
            &[
                __mqtt_agent::ArgDef::new(
                    "city",
                    "City name, in English.",
                    <String as __mqtt_agent::Param<'_>>::NEED,
                ),
                __mqtt_agent::ArgDef::new(
                        "days",
                        "",
                        <Option<u8> as __mqtt_agent::Param<'_>>::NEED,
                    )
                    .range(__mqtt_agent::Bounds {
                        min: ::core::option::Option::Some(
                            __mqtt_agent::Bound::Int(0i64),
                        ),
                        max: ::core::option::Option::Some(
                            __mqtt_agent::Bound::Int(7i64),
                        ),
                        max_excluded: false,
                    }),
                __mqtt_agent::ArgDef::new(
                    "cx",
                    "",
                    <Context as __mqtt_agent::BorrowedParam>::NEED,
                ),
            ],
            __mqtt_agent::output(
                __mqtt_agent::ReplyOf::<Result<Report, WeatherError>>::PARTS,
                __mqtt_agent::Reply::DESCRIBED,
            ),
            __mqtt_agent::Handler::Async({
                fn __handle<'__call, __Any>(
                    call: &mut __mqtt_agent::Call<'__call>,
                ) -> ::core::result::Result<
                    __mqtt_agent::ToolFuture<'__call>,
                    __mqtt_agent::Refused,
                > {
                    match call
                        .take_3(
                            <String as __mqtt_agent::Param<'_>>::take,
                            "city",
                            <Option<u8> as __mqtt_agent::Param<'_>>::take,
                            "days",
                            <Context as __mqtt_agent::BorrowedParam>::take,
                            "cx",
                        )
                    {
                        ::core::option::Option::Some(
                            (__argument_0, __argument_1, __argument_2),
                        ) => {
                            ::core::result::Result::Ok(
                                __mqtt_agent::run(
                                    weather(__argument_0, __argument_1, __argument_2),
                                    __mqtt_agent::ReplyOf::<
                                        Result<Report, WeatherError>,
                                    >::PARTS,
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
            __mqtt_agent::RootOf::<String>::ROOT,
        );
        __mqtt_agent::check_parameter(
            __tool.args(),
            1usize,
            true,
            __mqtt_agent::RootOf::<Option<u8>>::ROOT,
        );
        __mqtt_agent::check_narrowed(__tool.args(), 1usize);
        __mqtt_agent::check_parameter(
            __tool.args(),
            2usize,
            true,
            __mqtt_agent::RootOf::<&Context>::ROOT,
        );
        __tool
            .error_codes(
                &__mqtt_agent::codes(
                    __mqtt_agent::ReplyOf::<Result<Report, WeatherError>>::PARTS,
                    __mqtt_agent::ToolError::codes_of,
                ),
            )
            .read_only(true)
            .timeout_ms(5000u64)
    };
    ::mqtt_agent::__private::inventory::submit! {
        ::mqtt_agent::__private::RegisteredTool(& __DEFINITION,
        ::core::option_env!("CARGO_PKG_NAME"))
    }
    #[doc(hidden)]
    #[allow(non_local_definitions)]
    #[macro_export]
    macro_rules! __tool_name_weather_is_taken_write_another_one {
        () => {};
    }
    &__DEFINITION
}
