fn main() {
    {
        const _: () = {
            #[track_caller]
            const fn __skill_attribute_on_translate_or_a_path_to_it() {
                ::core::panic!(
                    "`other::translate` is no skill that can be seen here; write `#[skill]` above the function, make it visible here, and name it by the path of the module where it is written, not by one that a `use` made"
                )
            }
            {
                use other::*;
                #[allow(deprecated)]
                let _ = other::translate;
                let _ = __skill_attribute_on_translate_or_a_path_to_it();
            }
        };
        const _: () = {
            let __skills = [
                __skill_attribute_on_summarize_or_a_path_to_it(),
                {
                    const fn __skill_attribute_on_translate_or_a_path_to_it<__Any>() -> __Any {
                        ::core::panic!()
                    }
                    {
                        use other::*;
                        __skill_attribute_on_translate_or_a_path_to_it()
                    }
                },
            ];
            (__skills[1usize]).assert_new_in(&__skills, 1usize);
        };
        [
            __skill_attribute_on_summarize_or_a_path_to_it(),
            {
                const fn __skill_attribute_on_translate_or_a_path_to_it<__Any>() -> __Any {
                    ::core::panic!()
                }
                {
                    use other::*;
                    __skill_attribute_on_translate_or_a_path_to_it()
                }
            },
        ]
    }
}
