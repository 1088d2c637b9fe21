using System.CommandLine;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet completion</c>: a script that a shell reads at its start, and the hidden command that such scripts ask.</summary>
internal static class CompletionCommand
{
    private const string Description = """
        Print a script that lets a shell complete commands, options and their values.

        Examples:
          source <(blasnet completion bash)                                       in ~/.bashrc; zsh likewise, in ~/.zshrc
          blasnet completion fish > ~/.config/fish/completions/blasnet.fish
          blasnet completion pwsh | Out-String | Invoke-Expression                in $PROFILE
        """;

    /// <summary>The command that scripts call with the line up to the cursor.</summary>
    private const string Ask = "complete";

    // Where there is nothing to suggest, each falls back to the names of files.
    private const string Bash = """
        _blasnet() {
            local IFS=$'\n'
            COMPREPLY=($(blasnet complete "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
        }
        complete -o default -F _blasnet blasnet
        """;

    private const string Zsh = """
        #compdef blasnet
        _blasnet() {
            local -a found
            found=(${(f)"$(blasnet complete "${(j: :)words[1,CURRENT]}" 2>/dev/null)"})
            if (( ${#found} )); then compadd -a found; else _files; fi
        }
        (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
        compdef _blasnet blasnet
        """;

    private const string Fish = """
        complete --command blasnet --arguments '(blasnet complete (commandline --cut-at-cursor --current-process | string collect) 2>/dev/null)'
        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName blasnet -ScriptBlock {
            param($word, $ast, $cursor)
            $line = "$ast".PadRight($cursor - $ast.Extent.StartOffset).Substring(0, $cursor - $ast.Extent.StartOffset)
            blasnet complete $line | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }
        """;

    /// <param name="context">Where the script is written.</param>
    public static Command Create(CommandContext context)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh, fish or pwsh.", HelpName = "bash|zsh|fish|pwsh" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish", "pwsh");
        var completion = new Command("completion", Description) { shell };
        completion.SetAction(options => context.Output.WriteLine(options.GetRequiredValue(shell) switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            "fish" => Fish,
            _ => PowerShell,
        }));
        return completion;
    }

    /// <param name="context">Where the suggestions are written, one a line.</param>
    /// <param name="root">What is completed.</param>
    public static Command CreateAsk(CommandContext context, Command root)
    {
        var line = new Argument<string>("LINE") { Description = "The command line up to the cursor, with the program's name." };
        var ask = new Command(Ask, "Suggest what may stand at the end of a command line.") { line };
        ask.Hidden = true;
        ask.SetAction(options =>
        {
            foreach (string suggestion in Suggestions(root, options.GetRequiredValue(line)))
                context.Output.WriteLine(suggestion);
        });
        return ask;
    }

    /// <summary>What begins as the last word does; nothing where a value is free.</summary>
    private static IEnumerable<string> Suggestions(Command root, string line)
    {
        string word = line[(line.LastIndexOf(' ') + 1)..];
        return root.Parse(line).GetCompletions(line.Length).Select(completion => completion.Label)
            .Where(label => label.StartsWith(word, StringComparison.Ordinal) && label is not (['/', ..] or ['-', not '-', ..]))
            .Distinct().Order(StringComparer.Ordinal);
    }
}
