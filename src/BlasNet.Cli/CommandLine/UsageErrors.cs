using System.CommandLine;
using System.CommandLine.Parsing;

namespace BlasNet.Cli.CommandLine;

/// <summary>Says in one line what is wrong with a command line, and what was probably meant.</summary>
internal static class UsageErrors
{
    /// <returns>Null where nothing is wrong.</returns>
    public static string? Describe(ParseResult parsed)
    {
        if (parsed.Errors.Count == 0)
            return null;

        string command = FullNameOf(parsed.CommandResult);
        string what = parsed.UnmatchedTokens.Count > 0 ? DescribeUnmatched(parsed.UnmatchedTokens[0], parsed.CommandResult.Command)
            : IsCommandMissing(parsed) ? $"a command is missing; one of {string.Join(", ", CommandsOf(parsed.CommandResult.Command))}."
            : ValueMissing(parsed) is { } option ? $"{option.Name}: a value is missing{(option.HelpName is { } help ? $"; {help}" : "")}."
            : parsed.Errors[0].Message;

        return $"{what} See '{command} --help'.";
    }

    /// <summary>The name that is nearest to what was typed, if any is near.</summary>
    internal static string? Nearest(string typed, IEnumerable<string> names) => names
        .Select(name => (Name: name, Distance: EditDistance(typed, name)))
        .Where(candidate => candidate.Distance <= Math.Max(2, typed.Length / 3) && 2 * candidate.Distance <= candidate.Name.TrimStart('-').Length)
        .OrderBy(candidate => candidate.Distance)
        .Select(candidate => candidate.Name)
        .FirstOrDefault();

    private static IEnumerable<string> CommandsOf(Command command) => command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name);

    private static string DescribeUnmatched(string token, Command command)
    {
        bool isOption = token.StartsWith('-');
        IEnumerable<string> names = isOption ? command.Options.Select(option => option.Name) : CommandsOf(command);
        string kind = isOption ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
        string hint = Nearest(token, names) is { } name ? $" Did you mean {name}?" : "";
        return $"{token}: unknown {kind}.{hint}";
    }

    private static bool IsCommandMissing(ParseResult parsed) =>
        parsed.CommandResult.Command is { Subcommands.Count: > 0, Action: null } && parsed.Errors[0].SymbolResult is CommandResult;

    private static Option? ValueMissing(ParseResult parsed) =>
        parsed.Errors[0].SymbolResult is OptionResult { Option: { Arity.MinimumNumberOfValues: > 0 } option, Tokens.Count: 0 } ? option : null;

    private static string FullNameOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{FullNameOf(parent)} {result.Command.Name}" : result.Command.Name;

    /// <summary>Letters to insert, delete or replace. Source: Levenshtein, 1966; Wagner, Fischer, JACM 1974.</summary>
    private static int EditDistance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int[] current = new int[b.Length + 1];
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
                current[j] = Math.Min(previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), 1 + Math.Min(previous[j], current[j - 1]));

            previous = current;
        }

        return previous[^1];
    }
}
