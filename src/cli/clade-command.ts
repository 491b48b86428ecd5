/** How this command line was called, for what a person is told to type next. */
export const clade = process.env.npm_config_user_agent === undefined ? "clade" : "npx clade";
