/**
 * Text with whatever stands between // and the last @ of a word concealed, where a colon says that
 * it may be a user with a password.
 */
export function concealed(text: string): string {
  return text.replace(/(?<=\/\/)[^\s'"`]*:[^\s'"`]*(?=@)/g, "***");
}
