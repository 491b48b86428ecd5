/**
 * A user's setting for a connection, or a file that it needs, cannot be used. The message follows
 * the store's name.
 */
export class SettingError extends Error {}
