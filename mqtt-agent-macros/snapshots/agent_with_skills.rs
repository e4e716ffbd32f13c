impl Planner {
    /// Plans a trip.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    async fn plan(&self, task: Task, cx: &Context) -> Result<Plan, Error> {
        self.think(task, cx).await
    }
}
#[doc(hidden)]
impl ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart for Planner {
    const ID: &'static str = ::mqtt_agent::__private::id_of(
        <Self as ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart>::CARD,
        "planner",
    );
    const CARD: ::core::option::Option<&'static ::mqtt_agent::__private::CardDef> = {
        use ::mqtt_agent::__private::NoCard as _;
        ::mqtt_agent::__private::CardOf::<Self>::CARD
    };
    const BLOCKS: &'static [::mqtt_agent::__private::BlockDef] = &[
        ::mqtt_agent::__private::BlockDef {
            claimed: true,
            tools: &[],
            skills: &[
                &{
                    use ::mqtt_agent::__private as __mqtt_agent;
                    use __mqtt_agent::{AnyRoot as _, PlainReply as _};
                    let __skill = ::mqtt_agent::__private::SkillDef::new(
                        "plan",
                        "Plans a trip.",
                        &[
                            __mqtt_agent::ArgDef::new(
                                "task",
                                "",
                                <Task as __mqtt_agent::Param<'_>>::NEED,
                            ),
                            __mqtt_agent::ArgDef::new(
                                "cx",
                                "",
                                <Context as __mqtt_agent::BorrowedParam>::NEED,
                            ),
                        ],
                        __mqtt_agent::schema(
                            __mqtt_agent::ReplyOf::<Result<Plan, Error>>::PARTS,
                            __mqtt_agent::Reply::DESCRIBED,
                        ),
                        __mqtt_agent::Handler::Async(|call| match (
                            call.instance::<Self>(),
                            call
                                .take_2(
                                    <Task as __mqtt_agent::Param<'_>>::take,
                                    "task",
                                    <Context as __mqtt_agent::BorrowedParam>::take,
                                    "cx",
                                ),
                        ) {
                            (
                                ::core::option::Option::Some(__argument_0),
                                ::core::option::Option::Some((__argument_1, __argument_2)),
                            ) => {
                                ::core::result::Result::Ok(
                                    __mqtt_agent::run(
                                        Self::plan(__argument_0, __argument_1, __argument_2),
                                        __mqtt_agent::ReplyOf::<Result<Plan, Error>>::PARTS,
                                        __mqtt_agent::Reply::ANSWERED,
                                        __mqtt_agent::ToolError::into_failure,
                                    ),
                                )
                            }
                            _ => ::core::result::Result::Err(__mqtt_agent::Refused),
                        }),
                        __mqtt_agent::Location::new(::core::file!(), ::core::line!()),
                    );
                    __mqtt_agent::check_skill_parameter(
                        __skill.args(),
                        0usize,
                        true,
                        __mqtt_agent::RootOf::<Task>::ROOT,
                    );
                    __mqtt_agent::check_skill_parameter(
                        __skill.args(),
                        1usize,
                        true,
                        __mqtt_agent::RootOf::<&Context>::ROOT,
                    );
                    __skill
                        .error_codes(
                            &__mqtt_agent::codes(
                                __mqtt_agent::ReplyOf::<Result<Plan, Error>>::PARTS,
                                __mqtt_agent::ToolError::codes_of,
                            ),
                        )
                        .examples(&["Two days in Oslo"])
                },
            ],
            handlers: &[],
            events: &[],
        },
    ];
}
const _: () = <Planner as ::mqtt_agent::__private::Shareable>::SHARED;
::mqtt_agent::__private::inventory::submit! {
    ::mqtt_agent::__private::RegisteredAgent(::mqtt_agent::__private::AgentDef::new(<
    Planner as ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart > ::ID, < Planner
    as ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart > ::CARD, < Planner as
    ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart > ::BLOCKS,))
}
const _: () = {
    #[doc(hidden)]
    #[allow(non_local_definitions)]
    #[macro_export]
    macro_rules! __skill_id_plan_is_taken_write_another_one {
        () => {};
    }
};
