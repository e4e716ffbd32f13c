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
impl<S: Store> ::mqtt_agent::__private::AgentImpl for Home<S>
where
    Self: ::core::marker::Send + ::core::marker::Sync + 'static,
{
    const ID: &'static str = ::mqtt_agent::__private::id_of(
        <Self as ::mqtt_agent::__private::AgentImpl>::CARD,
        "home",
    );
    const TOOLS: &'static [&'static ::mqtt_agent::__private::ToolDef] = &[
        &{
            use ::mqtt_agent::__private::{AnyRoot as _, PlainReply as _};
            let __tool = ::mqtt_agent::__private::ToolDef::new(
                "heat",
                "Heats.",
                &[
                    ::mqtt_agent::__private::ArgDef::new(
                        "celsius",
                        "",
                        <f64 as ::mqtt_agent::__private::Param<'_>>::NEED,
                    ),
                ],
                ::mqtt_agent::__private::schema(
                    ::mqtt_agent::__private::ReplyOf::<()>::PARTS,
                    ::mqtt_agent::__private::Reply::DESCRIBED,
                ),
                ::mqtt_agent::__private::Handler::Async(|call| {
                    let (
                        ::core::option::Option::Some(__argument_0),
                        ::core::option::Option::Some(__argument_1),
                    ) = (
                        call.instance::<Self>(),
                        call
                            .take(
                                <f64 as ::mqtt_agent::__private::Param<'_>>::take,
                                "celsius",
                            ),
                    ) else {
                        return ::core::result::Result::Err(
                            ::mqtt_agent::__private::Refused,
                        );
                    };
                    ::core::result::Result::Ok(
                        ::mqtt_agent::__private::run(
                            Self::heat(__argument_0, __argument_1),
                            ::mqtt_agent::__private::ReplyOf::<()>::PARTS,
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
                ::mqtt_agent::__private::RootOf::<f64>::ROOT,
            );
            __tool
                .error_codes(
                    &::mqtt_agent::__private::codes(
                        ::mqtt_agent::__private::ReplyOf::<()>::PARTS,
                        ::mqtt_agent::__private::ToolError::codes_of,
                    ),
                )
                .idempotent(true)
        },
    ];
    const SKILLS: &'static [&'static ::mqtt_agent::__private::SkillDef] = &[];
    const CARD: ::core::option::Option<&'static ::mqtt_agent::__private::CardDef> = {
        use ::mqtt_agent::__private::NoCard as _;
        ::mqtt_agent::__private::CardOf::<Self>::CARD
    };
    const HANDLERS: &'static [&'static ::mqtt_agent::__private::HandlerDef] = &[
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
                ::mqtt_agent::__private::Handler::Inline(|call| {
                    let (
                        ::core::option::Option::Some(__argument_0),
                        ::core::option::Option::Some(__argument_1),
                    ) = (call.instance::<Self>(), call.level_text("room")) else {
                        return ::core::result::Result::Err(
                            ::mqtt_agent::__private::Refused,
                        );
                    };
                    ::core::result::Result::Ok(
                        ::mqtt_agent::__private::answer(
                            Self::heard(__argument_0, __argument_1),
                            ::mqtt_agent::__private::ReplyOf::<()>::PARTS,
                            ::mqtt_agent::__private::Unanswered::into_answer,
                            ::mqtt_agent::__private::ToolError::into_failure,
                        ),
                    )
                }),
                ::mqtt_agent::__private::Location::new(::core::file!(), ::core::line!()),
            );
            handler
                .error_codes(
                    &::mqtt_agent::__private::codes(
                        ::mqtt_agent::__private::ReplyOf::<()>::PARTS,
                        ::mqtt_agent::__private::ToolError::codes_of,
                    ),
                )
        },
    ];
    const EVENTS: &'static [&'static ::mqtt_agent::__private::EventDef] = &[];
}
const _: () = {
    #[doc(hidden)]
    #[allow(non_local_definitions)]
    #[macro_export]
    macro_rules! __tool_name_heat_is_taken {
        () => {};
    }
};
