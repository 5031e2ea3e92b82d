/**
 * The scripts that make shells complete command lines of millrace. They know nothing of its commands: each asks
 * `millrace complete` with the words so far, so that a script never grows old.
 */

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** Bash takes `=` and `:` for the ends of words, and old ones have neither `compopt` nor negative indexes. */
const BASH = `# Completion of millrace for bash. For every new shell: millrace completion bash >> ~/.bashrc
_millrace() {
  local words=() word before current line candidate i n=0 glue=
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $n -gt 0 && ( $word == [=:]* || -n $glue ) ]]; then
      words[n - 1]+=$word
    else
      words[n]=$word
      n=$((n + 1))
    fi
    case $word in *[=:]) glue=1 ;; *) glue= ;; esac
  done
  current=\${words[n - 1]}
  before=\${current%"\${current##*[=:]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ':files' ]]; then
      while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "\${current#"$before"}")
      compopt -o filenames 2>/dev/null
    else
      candidate=\${line%%$'\\t'*}
      case $candidate in *= | *.) compopt -o nospace 2>/dev/null ;; esac
      COMPREPLY+=("\${candidate#"$before"}")
    fi
  done < <(millrace complete -- "\${words[@]}" 2>/dev/null)
}
complete -F _millrace millrace
`

const ZSH = `#compdef millrace
# Completion of millrace for zsh. For every new shell: millrace completion zsh > ~/.zfunc/_millrace, with fpath+=~/.zfunc
# before compinit in ~/.zshrc; or source <(millrace completion zsh) behind it.
_millrace() {
  local line candidate summary files
  local -a ended open
  for line in "\${(@f)$(millrace complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == ':files' ]]; then
      files=1
    elif [[ -n $line ]]; then
      candidate=\${line%%$'\\t'*}
      summary=\${line#*$'\\t'}
      if [[ $candidate == *[=.] ]]; then
        open+=("\${candidate//:/\\\\:}:$summary")
      else
        ended+=("\${candidate//:/\\\\:}:$summary")
      fi
    fi
  done
  (( $#ended )) && _describe -t words 'word' ended
  (( $#open )) && _describe -t words 'word' open -S ''
  if [[ -n $files ]]; then
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    _files
  fi
}
if [[ $funcstack[1] == _millrace ]]; then _millrace "$@"; else compdef _millrace millrace; fi
`

const FISH = `# Completion of millrace for fish. For every new shell: millrace completion fish > ~/.config/fish/completions/millrace.fish
function __millrace_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (millrace complete -- $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo -- $line
        end
    end
end
complete -c millrace -f -a '(__millrace_complete)'
`

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
