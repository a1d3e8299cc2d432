set edit:completion:arg-completer[txwatch] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) TXWATCH_COMPLETE="elvish" txwatch -- $@words) | to-lines
}
