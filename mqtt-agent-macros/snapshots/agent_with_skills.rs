impl Planner {
    /// Plans a trip.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    async fn plan(&self, task: Task, cx: &Context) -> Result<Plan, Error> {
        self.think(task, cx).await
    }
}
#[doc(hidden)]
impl ::mqtt_agent::__private::AgentImpl for Planner {
    const ID: &'static str = ::mqtt_agent::__private::id_of(
        <Self as ::mqtt_agent::__private::AgentImpl>::CARD,
        "planner",
    );
    const TOOLS: &'static [&'static ::mqtt_agent::__private::ToolDef] = &[];
    const SKILLS: &'static [&'static ::mqtt_agent::__private::SkillDef] = &[
        &{
            use ::mqtt_agent::__private::{AnyRoot as _, PlainReply as _};
            let __skill = ::mqtt_agent::__private::SkillDef::new(
                "plan",
                "Plans a trip.",
                &[
                    ::mqtt_agent::__private::ArgDef::new(
                        "task",
                        "",
                        <Task as ::mqtt_agent::__private::Param<'_>>::NEED,
                    ),
                    ::mqtt_agent::__private::ArgDef::new(
                        "cx",
                        "",
                        <Context as ::mqtt_agent::__private::LentParam>::NEED,
                    ),
                ],
                ::mqtt_agent::__private::schema(
                    ::mqtt_agent::__private::ReplyOf::<Result<Plan, Error>>::PARTS,
                    ::mqtt_agent::__private::Reply::DESCRIBED,
                ),
                ::mqtt_agent::__private::Handler::Async(|call| {
                    let (
                        ::core::option::Option::Some(__argument_0),
                        ::core::option::Option::Some(__argument_1),
                        ::core::option::Option::Some(__argument_2),
                    ) = (
                        call.instance::<Self>(),
                        call
                            .take(
                                <Task as ::mqtt_agent::__private::Param<'_>>::take,
                                "task",
                            ),
                        call
                            .take(
                                <Context as ::mqtt_agent::__private::LentParam>::take,
                                "cx",
                            ),
                    ) else {
                        return ::core::result::Result::Err(
                            ::mqtt_agent::__private::Refused,
                        );
                    };
                    ::core::result::Result::Ok(
                        ::mqtt_agent::__private::run(
                            Self::plan(__argument_0, __argument_1, __argument_2),
                            ::mqtt_agent::__private::ReplyOf::<
                                Result<Plan, Error>,
                            >::PARTS,
                            ::mqtt_agent::__private::Reply::into_answer,
                            ::mqtt_agent::__private::ToolError::into_failure,
                        ),
                    )
                }),
                ::mqtt_agent::__private::Location::new(::core::file!(), ::core::line!()),
            );
            ::mqtt_agent::__private::check_parameter(
                __skill.args(),
                0usize,
                true,
                ::mqtt_agent::__private::RootOf::<Task>::ROOT,
            );
            ::mqtt_agent::__private::check_parameter(
                __skill.args(),
                1usize,
                true,
                ::mqtt_agent::__private::RootOf::<&Context>::ROOT,
            );
            __skill
                .error_codes(
                    &::mqtt_agent::__private::codes(
                        ::mqtt_agent::__private::ReplyOf::<Result<Plan, Error>>::PARTS,
                        ::mqtt_agent::__private::ToolError::codes_of,
                    ),
                )
                .examples(&["Two days in Oslo"])
        },
    ];
    const CARD: ::core::option::Option<&'static ::mqtt_agent::__private::CardDef> = {
        use ::mqtt_agent::__private::NoCard as _;
        ::mqtt_agent::__private::CardOf::<Self>::CARD
    };
    const HANDLERS: &'static [&'static ::mqtt_agent::__private::HandlerDef] = &[];
    const EVENTS: &'static [&'static ::mqtt_agent::__private::EventDef] = &[];
}
const _: () = <Planner as ::mqtt_agent::__private::Shareable>::SHARED;
::mqtt_agent::__private::inventory::submit! {
    ::mqtt_agent::__private::RegisteredAgent(::mqtt_agent::__private::AgentParts::new(<
    Planner as ::mqtt_agent::__private::AgentImpl > ::ID, < Planner as
    ::mqtt_agent::__private::AgentImpl > ::CARD, < Planner as
    ::mqtt_agent::__private::AgentImpl > ::TOOLS, < Planner as
    ::mqtt_agent::__private::AgentImpl > ::SKILLS, < Planner as
    ::mqtt_agent::__private::AgentImpl > ::HANDLERS, < Planner as
    ::mqtt_agent::__private::AgentImpl > ::EVENTS,))
}
const _: () = {
    #[doc(hidden)]
    #[allow(non_local_definitions)]
    #[macro_export]
    macro_rules! __skill_id_plan_is_taken {
        () => {};
    }
};
