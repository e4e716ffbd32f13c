#[allow(clippy::inline_always)]
#[inline(always)]
async fn reading(room: &str, number: u32, value: Reading) {
    store(room, number, value).await;
}
#[doc(hidden)]
const fn __put_on_or_request_above_reading_or_write_its_full_path() -> &'static ::mqtt_agent::__private::HandlerDef {
    static __DEFINITION: ::mqtt_agent::__private::HandlerDef = {
        use ::mqtt_agent::__private::PlainReply as _;
        let handler = ::mqtt_agent::__private::HandlerDef::new(
            ::mqtt_agent::__private::HandlerKind::On,
            "reading",
            "",
            ::mqtt_agent::__private::TopicDef::new(
                "home/{room}/{number}/temperature",
                "home/+/+/temperature",
                &[
                    ::mqtt_agent::__private::PlaceholderDef::new("room", 1usize, false),
                    ::mqtt_agent::__private::PlaceholderDef::new("number", 2usize, false),
                ],
            ),
            &[
                ::mqtt_agent::__private::ArgDef::new(
                    "value",
                    "",
                    <Reading as ::mqtt_agent::__private::Param<'_>>::NEED,
                ),
            ],
            ::mqtt_agent::__private::unanswered,
            ::mqtt_agent::__private::Handler::Async({
                fn __handle<'__call, __Any>(
                    call: &mut ::mqtt_agent::__private::Call<'__call>,
                ) -> ::core::result::Result<
                    ::mqtt_agent::__private::ToolFuture<'__call>,
                    ::mqtt_agent::__private::Refused,
                > {
                    match (
                        call.level_text("room"),
                        call
                            .level(
                                <u32 as ::mqtt_agent::__private::FromTopicLevel>::read,
                                "number",
                            ),
                        call
                            .take(
                                <Reading as ::mqtt_agent::__private::Param<'_>>::take,
                                "value",
                            ),
                    ) {
                        (
                            ::core::option::Option::Some(__argument_0),
                            ::core::option::Option::Some(__argument_1),
                            ::core::option::Option::Some(__argument_2),
                        ) => {
                            ::core::result::Result::Ok(
                                ::mqtt_agent::__private::run(
                                    reading(__argument_0, __argument_1, __argument_2),
                                    ::mqtt_agent::__private::ReplyOf::<()>::PARTS,
                                    ::mqtt_agent::__private::Unanswered::into_answer,
                                    ::mqtt_agent::__private::ToolError::into_failure,
                                ),
                            )
                        }
                        _ => {
                            ::core::result::Result::Err(::mqtt_agent::__private::Refused)
                        }
                    }
                }
                __handle::<()>
            }),
            ::mqtt_agent::__private::Location::new(::core::file!(), ::core::line!()),
        );
        ::mqtt_agent::__private::check_message(&handler, 0usize, true);
        handler
            .error_codes(
                &::mqtt_agent::__private::codes(
                    ::mqtt_agent::__private::ReplyOf::<()>::PARTS,
                    ::mqtt_agent::__private::ToolError::codes_of,
                ),
            )
            .qos(0u8)
            .shared("g")
    };
    ::mqtt_agent::__private::inventory::submit! {
        ::mqtt_agent::__private::RegisteredHandler(& __DEFINITION,
        ::core::option_env!("CARGO_PKG_NAME"))
    }
    &__DEFINITION
}
