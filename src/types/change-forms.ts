/** How changes of schemas are written, apart from what reads them, so that help loads little. */

/** The forms of changes, for help. Words of the language are in capitals, in any case when they are written. */
export const CHANGE_FORMS: readonly string[] = [
  "ADD [COLUMN] path TYPE [COMMENT 'text'] [FIRST | LAST | AFTER name | BEFORE name]",
  'DROP [COLUMN] path',
  'RENAME [COLUMN] path TO name',
  'ALTER [COLUMN] path TYPE type',
  'ALTER [COLUMN] path SET NOT NULL | DROP NOT NULL',
  "ALTER [COLUMN] path SET DEFAULT 'value' | DROP DEFAULT",
  "ALTER [COLUMN] path COMMENT 'text' | DROP COMMENT",
  'ALTER [COLUMN] name FIRST | LAST | AFTER name | BEFORE name',
  'SET option = value',
  'RESET option',
  "COMMENT 'text' | DROP COMMENT",
  'DROP PRIMARY KEY',
]
