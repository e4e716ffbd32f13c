impl<S: Store> Home<S> {
    /// Heats.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    async fn heat(&self, celsius: f64) {
        self.store.heat(celsius).await;
    }
    fn heard(&self, room: &str) {
        self.store.heard(room);
    }
    fn of_its_own(&self) {}
}
#[doc(hidden)]
impl<S: Store> ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart for Home<S>
where
    Self: ::core::marker::Send + ::core::marker::Sync + 'static,
{
    const ID: &'static str = ::mqtt_agent::__private::id_of(
        <Self as ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart>::CARD,
        "home",
    );
    const CARD: ::core::option::Option<&'static ::mqtt_agent::__private::CardDef> = {
        use ::mqtt_agent::__private::NoCard as _;
        ::mqtt_agent::__private::CardOf::<Self>::CARD
    };
    const BLOCKS: &'static [::mqtt_agent::__private::BlockDef] = &[
        ::mqtt_agent::__private::BlockDef {
            claimed: true,
            tools: &[
                &{
                    use ::mqtt_agent::__private as __mqtt_agent;
                    use __mqtt_agent::{AnyRoot as _, PlainReply as _};
                    let __tool = ::mqtt_agent::__private::ToolDef::answering(
                        "heat",
                        "Heats.",
                        &[
                            __mqtt_agent::ArgDef::new(
                                "celsius",
                                "",
                                <f64 as __mqtt_agent::Param<'_>>::NEED,
                            ),
                        ],
                        __mqtt_agent::output(
                            __mqtt_agent::ReplyOf::<()>::PARTS,
                            __mqtt_agent::Reply::DESCRIBED,
                        ),
                        __mqtt_agent::Handler::Async(|call| match (
                            call.instance::<Self>(),
                            call.take(<f64 as __mqtt_agent::Param<'_>>::take, "celsius"),
                        ) {
                            (
                                ::core::option::Option::Some(__argument_0),
                                ::core::option::Option::Some(__argument_1),
                            ) => {
                                ::core::result::Result::Ok(
                                    __mqtt_agent::run(
                                        Self::heat(__argument_0, __argument_1),
                                        __mqtt_agent::ReplyOf::<()>::PARTS,
                                        __mqtt_agent::Reply::ANSWERED,
                                        __mqtt_agent::ToolError::into_failure,
                                    ),
                                )
                            }
                            _ => ::core::result::Result::Err(__mqtt_agent::Refused),
                        }),
                        __mqtt_agent::Location::new(::core::file!(), ::core::line!()),
                    );
                    __mqtt_agent::check_parameter(
                        __tool.args(),
                        0usize,
                        true,
                        __mqtt_agent::RootOf::<f64>::ROOT,
                    );
                    __tool
                        .error_codes(
                            &__mqtt_agent::codes(
                                __mqtt_agent::ReplyOf::<()>::PARTS,
                                __mqtt_agent::ToolError::codes_of,
                            ),
                        )
                        .idempotent(true)
                },
            ],
            skills: &[],
            handlers: &[
                &{
                    use ::mqtt_agent::__private::PlainReply as _;
                    let handler = ::mqtt_agent::__private::HandlerDef::new(
                        ::mqtt_agent::__private::HandlerKind::On,
                        "heard",
                        "",
                        ::mqtt_agent::__private::TopicDef::new(
                            "home/{room}",
                            "home/+",
                            &[
                                ::mqtt_agent::__private::PlaceholderDef::new(
                                    "room",
                                    1usize,
                                    false,
                                ),
                            ],
                        ),
                        &[],
                        ::mqtt_agent::__private::unanswered,
                        ::mqtt_agent::__private::Handler::Inline(|call| match (
                            call.instance::<Self>(),
                            call.level_text("room"),
                        ) {
                            (
                                ::core::option::Option::Some(__argument_0),
                                ::core::option::Option::Some(__argument_1),
                            ) => {
                                ::core::result::Result::Ok(
                                    ::mqtt_agent::__private::answer(
                                        Self::heard(__argument_0, __argument_1),
                                        ::mqtt_agent::__private::ReplyOf::<()>::PARTS,
                                        ::mqtt_agent::__private::Unanswered::into_answer,
                                        ::mqtt_agent::__private::ToolError::into_failure,
                                    ),
                                )
                            }
                            _ => {
                                ::core::result::Result::Err(
                                    ::mqtt_agent::__private::Refused,
                                )
                            }
                        }),
                        ::mqtt_agent::__private::Location::new(
                            ::core::file!(),
                            ::core::line!(),
                        ),
                    );
                    handler
                        .error_codes(
                            &::mqtt_agent::__private::codes(
                                ::mqtt_agent::__private::ReplyOf::<()>::PARTS,
                                ::mqtt_agent::__private::ToolError::codes_of,
                            ),
                        )
                },
            ],
            events: &[],
        },
    ];
}
const _: () = {
    #[doc(hidden)]
    #[allow(non_local_definitions)]
    #[macro_export]
    macro_rules! __tool_name_heat_is_taken_write_another_one {
        () => {};
    }
};
