_clap_complete_txwatch() {
    local IFS=$'\013'
    local _CLAP_COMPLETE_INDEX=${COMP_CWORD}
    local _CLAP_COMPLETE_COMP_TYPE=${COMP_TYPE}
    if compopt +o nospace 2> /dev/null; then
        local _CLAP_COMPLETE_SPACE=false
    else
        local _CLAP_COMPLETE_SPACE=true
    fi
    local words=("${COMP_WORDS[@]}")
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        words[COMP_CWORD]="$2"
    fi
    COMPREPLY=( $( \
        _CLAP_IFS="$IFS" \
        _CLAP_COMPLETE_INDEX="$_CLAP_COMPLETE_INDEX" \
        _CLAP_COMPLETE_COMP_TYPE="$_CLAP_COMPLETE_COMP_TYPE" \
        _CLAP_COMPLETE_SPACE="$_CLAP_COMPLETE_SPACE" \
        TXWATCH_COMPLETE="bash" \
        "txwatch" -- "${words[@]}" \
    ) )
    if [[ $? != 0 ]]; then
        unset COMPREPLY
    elif [[ $_CLAP_COMPLETE_SPACE == false ]] && [[ "${COMPREPLY-}" =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}
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
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _txwatch txwatch
else
    complete -o nospace -o bashdefault -F _txwatch txwatch
fi
