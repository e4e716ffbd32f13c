#[automatically_derived]
#[allow(deprecated)]
impl ::mqtt_agent::__private::AgentCard for Planner {
    const CARD: &'static ::mqtt_agent::__private::CardDef = &::mqtt_agent::__private::CardDef::new(
        "",
        "",
        "",
        "",
        ::mqtt_agent::__private::Location::new("", 0),
    );
}
::core::compile_error! {
    "a card without a description, an `id` and a `version`; write what the agent does in a `///` line above and `#[card(id = \"planner\", version = \"1.0.0\")]`"
}
