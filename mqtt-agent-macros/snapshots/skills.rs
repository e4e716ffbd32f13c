fn main() {
    {
        const _: () = {
            #[track_caller]
            const fn __put_skill_above_translate_or_write_its_full_path() {
                ::core::panic!(
                    "`other::translate` is no skill that can be seen here; write `#[skill]` above the function, make it visible here, and name it by the path of the module where it is written, not by one that a `use` made; a tool goes into `tools![..]`"
                )
            }
            {
                use other::*;
                #[allow(deprecated)]
                let _ = other::translate;
                let _ = __put_skill_above_translate_or_write_its_full_path();
            }
        };
        const _: () = {
            let __skills = [
                __put_skill_above_summarize_or_write_its_full_path(),
                {
                    const fn __put_skill_above_translate_or_write_its_full_path<__Any>() -> __Any {
                        ::core::panic!()
                    }
                    {
                        use other::*;
                        __put_skill_above_translate_or_write_its_full_path()
                    }
                },
            ];
            (__skills[1usize]).assert_new_in(&__skills, 1usize);
        };
        [
            __put_skill_above_summarize_or_write_its_full_path(),
            {
                const fn __put_skill_above_translate_or_write_its_full_path<__Any>() -> __Any {
                    ::core::panic!()
                }
                {
                    use other::*;
                    __put_skill_above_translate_or_write_its_full_path()
                }
            },
        ]
    }
}
