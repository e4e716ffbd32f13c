#[automatically_derived]
#[allow(deprecated)]
impl<S: Store> ::mqtt_agent::__private::AgentCard for TripPlanner<S> {
    const CARD: &'static ::mqtt_agent::__private::CardDef = &::mqtt_agent::__private::CardDef::new(
            "planner",
            "Trip Planner",
            "Plans trips.",
            "1.2.0",
            ::mqtt_agent::__private::Location::new(::core::file!(), ::core::line!()),
        )
        .tags(&["travel"])
        .capabilities(&["plan"])
        .provider("Us", "https://us.example")
        .documentation("https://us.example/doc")
        .icon("https://us.example/i.svg");
}
