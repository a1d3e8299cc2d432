complete --keep-order --exclusive --command txwatch --arguments "(TXWATCH_COMPLETE=fish txwatch -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
