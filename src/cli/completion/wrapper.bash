# Targets have colons, and bash takes a colon for the end of a word, as it takes an equals sign. So the
# words are put together again before txwatch is asked, and what stands already is cut off its answers.
_txwatch() {
    local line="${COMP_LINE:0:COMP_POINT}" words=("${COMP_WORDS[0]}") word gap index
    line="${line#*"${COMP_WORDS[0]}"}"
    for (( index = 1; index <= COMP_CWORD; index++ )); do
        gap="${line%%[![:space:]]*}"
        line="${line#"$gap"}"
        word="${COMP_WORDS[index]}"
        (( index == COMP_CWORD )) && word="$line"
        line="${line#"$word"}"
        if [[ -n "$gap" ]]; then
            words+=("$word")
        else
            words[${#words[@]}-1]+="$word"
        fi
    done
    local COMP_WORDS=("${words[@]}") COMP_CWORD=$(( ${#words[@]} - 1 ))
    local current="${words[COMP_CWORD]}"
    local standing="${current%"$2"}"
    _clap_complete_txwatch "$1" "$current" "$3"
    for index in "${!COMPREPLY[@]}"; do
        COMPREPLY[index]="${COMPREPLY[index]#"$standing"}"
    done
}
