/**
 * Text with everything between // and the last @ of a word concealed, if a colon in it shows that
 * it may be a user with a password.
 */
export function concealed(text: string): string {
  return text.replace(/(?<=\/\/)[^\s'"`]*:[^\s'"`]*(?=@)/g, "***");
}
