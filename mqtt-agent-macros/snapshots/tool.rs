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
const fn __tool_attribute_on_weather() -> &'static ::mqtt_agent::__private::ToolDef {
    static __DEFINITION: ::mqtt_agent::__private::ToolDef = {
        use ::mqtt_agent::__private::{AnyRoot as _, PlainReply as _};
        let __tool = ::mqtt_agent::__private::ToolDef::new(
            "weather",
            "Current weather for a city.",
            &[
                ::mqtt_agent::__private::ArgDef::new(
                    "city",
                    "City name, in English.",
                    <String as ::mqtt_agent::__private::Param<'_>>::NEED,
                ),
                ::mqtt_agent::__private::ArgDef::new(
                        "days",
                        "",
                        <Option<u8> as ::mqtt_agent::__private::Param<'_>>::NEED,
                    )
                    .range(::mqtt_agent::__private::Bounds {
                        min: ::core::option::Option::Some(
                            ::mqtt_agent::__private::Bound::Int(0i64),
                        ),
                        max: ::core::option::Option::Some(
                            ::mqtt_agent::__private::Bound::Int(7i64),
                        ),
                        max_excluded: false,
                    }),
                ::mqtt_agent::__private::ArgDef::new(
                    "cx",
                    "",
                    <Context as ::mqtt_agent::__private::LentParam>::NEED,
                ),
            ],
            ::mqtt_agent::__private::schema(
                ::mqtt_agent::__private::ReplyOf::<Result<Report, WeatherError>>::PARTS,
                ::mqtt_agent::__private::Reply::DESCRIBED,
            ),
            ::mqtt_agent::__private::Handler::Async(|call| {
                let (
                    ::core::option::Option::Some(__argument_0),
                    ::core::option::Option::Some(__argument_1),
                    ::core::option::Option::Some(__argument_2),
                ) = (
                    call
                        .take(
                            <String as ::mqtt_agent::__private::Param<'_>>::take,
                            "city",
                        ),
                    call
                        .take(
                            <Option<u8> as ::mqtt_agent::__private::Param<'_>>::take,
                            "days",
                        ),
                    call
                        .take(
                            <Context as ::mqtt_agent::__private::LentParam>::take,
                            "cx",
                        ),
                ) else {
                    return ::core::result::Result::Err(::mqtt_agent::__private::Refused);
                };
                ::core::result::Result::Ok(
                    ::mqtt_agent::__private::run(
                        weather(__argument_0, __argument_1, __argument_2),
                        ::mqtt_agent::__private::ReplyOf::<
                            Result<Report, WeatherError>,
                        >::PARTS,
                        ::mqtt_agent::__private::Reply::into_answer,
                        ::mqtt_agent::__private::ToolError::into_failure,
                    ),
                )
            }),
            ::mqtt_agent::__private::Location::new(::core::file!(), ::core::line!()),
        );
        ::mqtt_agent::__private::check_parameter(
            __tool.args(),
            0usize,
            true,
            ::mqtt_agent::__private::RootOf::<String>::ROOT,
        );
        ::mqtt_agent::__private::check_parameter(
            __tool.args(),
            1usize,
            true,
            ::mqtt_agent::__private::RootOf::<Option<u8>>::ROOT,
        );
        ::mqtt_agent::__private::check_narrowed(__tool.args(), 1usize);
        ::mqtt_agent::__private::check_parameter(
            __tool.args(),
            2usize,
            true,
            ::mqtt_agent::__private::RootOf::<&Context>::ROOT,
        );
        __tool
            .error_codes(
                &::mqtt_agent::__private::codes(
                    ::mqtt_agent::__private::ReplyOf::<
                        Result<Report, WeatherError>,
                    >::PARTS,
                    ::mqtt_agent::__private::ToolError::codes_of,
                ),
            )
            .read_only(true)
            .timeout_ms(5000u64)
    };
    ::mqtt_agent::__private::inventory::submit! {
        ::mqtt_agent::__private::RegisteredTool(& __DEFINITION)
    }
    #[doc(hidden)]
    #[allow(non_local_definitions)]
    #[macro_export]
    macro_rules! __tool_name_weather_is_taken {
        () => {};
    }
    &__DEFINITION
}
