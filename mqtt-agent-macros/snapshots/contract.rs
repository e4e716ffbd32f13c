#[test]
fn contract() {
    ::mqtt_agent::__private::check_contract(
        ::core::env!("CARGO_MANIFEST_DIR"),
        "contract.json",
        &[<Keeper<Memory> as ::mqtt_agent::__private::AgentImpl>::DEF],
    );
}
