//! `#[skill]`: one `static` definition with one function pointer, in a hidden function that returns it.

use proc_macro2::TokenStream;
use quote::quote;

use super::definition::{self, Definition};
use super::function::{self, definition};
use super::options::layers;
use super::place::private;
use crate::model::{OnCrash, Skill, SkillOptions};

/// In the name of the hidden function.
pub(super) const ATTRIBUTE: &str = "skill";

/// For
///
/// ```text
/// /// Summarizes a text.
/// #[skill(tags("text"), on_crash = "fail")]
/// async fn summarize(task: Task, text: String) -> Result<Summary, Error> { .. }
/// ```
///
/// the function as it is, and what [`tool`](super::tool::tool) makes of one, with a `SkillDef` in the place of the
/// `ToolDef`:
///
/// ```text
/// const fn __put_skill_above_summarize_or_write_its_full_path() -> &'static SkillDef {
///     static __DEFINITION: SkillDef = {
///         let skill = SkillDef::new("summarize", "Summarizes a text.", ..);
///         check_skill_parameter(skill.args(), 0, true, RootOf::<Task>::ROOT);
///         check_skill_parameter(skill.args(), 1, true, RootOf::<String>::ROOT);
///         skill.tags(&["text"]).on_crash(OnCrash::Fail)
///     };
///     inventory::submit! { RegisteredSkill(&__DEFINITION, option_env!("CARGO_PKG_NAME")) }
///     &__DEFINITION
/// }
/// ```
pub(crate) fn skill(skill: &Skill) -> TokenStream {
    let private = private(skill.options.krate.as_ref());
    let register = function::register(&quote!(RegisteredSkill), &private);
    let claim = claim(skill);
    let value = value(skill, &private);
    definition(&skill.function, ATTRIBUTE, &quote!(#private::SkillDef), &value, &quote!(#register #claim))
}

/// What stands in for a skill that has mistakes, so that a list which names it adds no mistake of its own.
pub(crate) fn stub(skill: &Skill) -> TokenStream {
    let private = private(skill.options.krate.as_ref());
    let ty = quote!(#private::SkillDef);
    definition(&skill.function, ATTRIBUTE, &ty, &quote!(#private::SkillDef::BROKEN), &TokenStream::new())
}

/// The definition itself.
pub(super) fn value(skill: &Skill, private: &TokenStream) -> TokenStream {
    let definition = Definition {
        function: &skill.function,
        name: &skill.id,
        blocking: skill.options.blocking.as_ref(),
        ty: quote!(#private::SkillDef),
        new: "new",
        described: "schema",
        this: definition::this("__skill"),
        check: "check_skill_parameter",
    };
    definition::value(&definition, None, &options(&skill.options, private), private)
}

/// The claim of the skill's id.
pub(super) fn claim(skill: &Skill) -> Option<TokenStream> {
    definition::claim("skill_id", &skill.id)
}

/// The options of `#[skill(..)]`, as calls of `SkillDef`'s methods.
fn options(options: &SkillOptions, private: &TokenStream) -> TokenStream {
    let SkillOptions {
        name,
        tags,
        examples,
        input,
        output,
        timeout_ms,
        concurrency,
        on_crash,
        attempts,
        default,
        layers: around,
        blocking: _,
        krate: _,
    } = options;
    let name = name.iter().map(|name| quote!(.name(#name)));
    let lists = [
        (tags, quote!(tags)),
        (examples, quote!(examples)),
        (input, quote!(input_modes)),
        (output, quote!(output_modes)),
    ];
    let lists = lists.into_iter().filter(|(list, _)| !list.is_empty());
    let lists = lists.map(|(list, method)| quote!(.#method(&[#(#list),*])));
    let timeout = timeout_ms.iter().map(|milliseconds| quote!(.timeout_ms(#milliseconds)));
    let concurrency = concurrency.iter().map(|tasks| quote!(.concurrency(#tasks)));
    let on_crash = on_crash.iter().map(|what| match what {
        OnCrash::Retry => quote!(.on_crash(#private::OnCrash::Retry)),
        OnCrash::Fail => quote!(.on_crash(#private::OnCrash::Fail)),
    });
    let attempts = attempts.iter().map(|(attempts, _)| quote!(.attempts(#attempts)));
    let default = default.then(|| quote!(.default()));
    let layers = layers(around, private);
    quote!(#(#name)* #(#lists)* #(#timeout)* #(#concurrency)* #(#on_crash)* #(#attempts)* #default #layers)
}
