/**
 * What a user said about a connection, or left in a file for it, cannot be used. The message goes
 * behind the store's name.
 */
export class SettingError extends Error {}
