/// Accounts.
pub trait Bank: ::core::marker::Sized + ::core::marker::Send + ::core::marker::Sync + 'static {
    /// Balance of an account.
    fn balance(
        &self,
        account: AccountId,
        cx: &Context,
    ) -> impl ::core::future::Future<
        Output = Result<Money, BankError>,
    > + ::core::marker::Send;
    #[doc(hidden)]
    const __REMOTE_ATTRIBUTE_ON_THE_TRAIT: &'static [&'static ::mqtt_agent::__private::ToolDef] = &[
        &{
            use ::mqtt_agent::__private::{AnyRoot as _, PlainReply as _};
            let __tool = ::mqtt_agent::__private::ToolDef::new(
                "bank.balance",
                "Balance of an account.",
                &[
                    ::mqtt_agent::__private::ArgDef::new(
                        "account",
                        "",
                        <AccountId as ::mqtt_agent::__private::Param<'_>>::NEED,
                    ),
                    ::mqtt_agent::__private::ArgDef::new(
                        "cx",
                        "",
                        <Context as ::mqtt_agent::__private::LentParam>::NEED,
                    ),
                ],
                ::mqtt_agent::__private::schema(
                    ::mqtt_agent::__private::ReplyOf::<Result<Money, BankError>>::PARTS,
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
                                <AccountId as ::mqtt_agent::__private::Param<'_>>::take,
                                "account",
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
                            <Self as Bank>::balance(
                                __argument_0,
                                __argument_1,
                                __argument_2,
                            ),
                            ::mqtt_agent::__private::ReplyOf::<
                                Result<Money, BankError>,
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
                ::mqtt_agent::__private::RootOf::<AccountId>::ROOT,
            );
            ::mqtt_agent::__private::check_parameter(
                __tool.args(),
                1usize,
                true,
                ::mqtt_agent::__private::RootOf::<&Context>::ROOT,
            );
            __tool
                .error_codes(
                    &::mqtt_agent::__private::codes(
                        ::mqtt_agent::__private::ReplyOf::<
                            Result<Money, BankError>,
                        >::PARTS,
                        ::mqtt_agent::__private::ToolError::codes_of,
                    ),
                )
                .read_only(true)
        },
    ];
}
///Calls the tools of [`Bank`], wherever they are served.
#[derive(::core::fmt::Debug, ::core::clone::Clone)]
pub struct BankRemote {
    client: ::mqtt_agent::__private::Client,
}
impl BankRemote {
    /// Calls over this client's connection. In a handler give it `Context::client()`: the calls then end with the
    /// handler.
    #[must_use]
    pub fn new(client: &::mqtt_agent::__private::Client) -> Self {
        Self {
            client: ::core::clone::Clone::clone(client),
        }
    }
    /// Balance of an account.
    pub fn balance(
        &self,
        account: AccountId,
    ) -> ::mqtt_agent::__private::RemoteCall<Result<Money, BankError>> {
        let arguments = <::mqtt_agent::__private::RemoteArguments as ::core::default::Default>::default();
        ::mqtt_agent::__private::RemoteCall::new(
            &self.client,
            "bank.balance",
            arguments
                .with(
                    "account",
                    &account,
                    <AccountId as ::mqtt_agent::__private::Sent>::add,
                ),
        )
    }
}
const _: () = {
    <Result<Money, BankError> as ::mqtt_agent::__private::RemoteReply>::IS_ONE
};
