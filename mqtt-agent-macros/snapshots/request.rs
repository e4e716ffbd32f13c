fn status(room: String) -> Result<Status, String> {
    look_up(room)
}
#[doc(hidden)]
const fn __put_on_or_request_above_status_or_write_its_full_path() -> &'static ::mqtt_agent::__private::HandlerDef {
    static __DEFINITION: ::mqtt_agent::__private::HandlerDef = {
        use ::mqtt_agent::__private::PlainReply as _;
        let handler = ::mqtt_agent::__private::HandlerDef::new(
            ::mqtt_agent::__private::HandlerKind::Request,
            "status",
            "",
            ::mqtt_agent::__private::TopicDef::new(
                "home/{room}/get",
                "home/+/get",
                &[::mqtt_agent::__private::PlaceholderDef::new("room", 1usize, false)],
            ),
            &[],
            ::mqtt_agent::__private::schema(
                ::mqtt_agent::__private::ReplyOf::<Result<Status, String>>::PARTS,
                ::mqtt_agent::__private::Reply::DESCRIBED,
            ),
            ::mqtt_agent::__private::Handler::Inline({
                fn __handle<'__call, __Any>(
                    call: &mut ::mqtt_agent::__private::Call<'__call>,
                ) -> ::core::result::Result<
                    ::mqtt_agent::__private::Answer,
                    ::mqtt_agent::__private::Refused,
                > {
                    match call
                        .level(
                            <String as ::mqtt_agent::__private::FromTopicLevel>::read,
                            "room",
                        )
                    {
                        ::core::option::Option::Some(__argument_0) => {
                            ::core::result::Result::Ok(
                                ::mqtt_agent::__private::answer(
                                    status(__argument_0),
                                    ::mqtt_agent::__private::ReplyOf::<
                                        Result<Status, String>,
                                    >::PARTS,
                                    ::mqtt_agent::__private::Reply::ANSWERED,
                                    ::mqtt_agent::__private::ToolError::into_failure,
                                ),
                            )
                        }
                        ::core::option::Option::None => {
                            ::core::result::Result::Err(::mqtt_agent::__private::Refused)
                        }
                    }
                }
                __handle::<()>
            }),
            ::mqtt_agent::__private::Location::new(::core::file!(), ::core::line!()),
        );
        handler
            .error_codes(
                &::mqtt_agent::__private::codes(
                    ::mqtt_agent::__private::ReplyOf::<Result<Status, String>>::PARTS,
                    ::mqtt_agent::__private::ToolError::codes_of,
                ),
            )
    };
    ::mqtt_agent::__private::inventory::submit! {
        ::mqtt_agent::__private::RegisteredHandler(& __DEFINITION,
        ::core::option_env!("CARGO_PKG_NAME"))
    }
    &__DEFINITION
}
