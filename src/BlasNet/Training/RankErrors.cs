using System.Globalization;
using System.Runtime.ExceptionServices;
using BlasNet.Ranks;

namespace BlasNet.Training;

/// <summary>Errors of a step, as they travel from the rank that has one to the others.</summary>
internal static class RankErrors
{
    private const char Separator = '\0';

    /// <param name="ranks">All ranks; each of them calls this.</param>
    /// <param name="failed">The rank whose error it is.</param>
    /// <param name="own">This rank's, if it has one.</param>
    /// <returns>That error.</returns>
    public static Exception Share(Communicator ranks, int failed, Exception? own)
    {
        string text = ranks.AllGather(ranks.Rank == failed ? ToText(own!) : "")[failed];
        if (ranks.Rank == failed)
            ExceptionDispatchInfo.Throw(own!);

        return Parse(text, failed, ranks.NameOf(failed));
    }

    private static string ToText(Exception error) => error switch
    {
        NonFiniteException e => Join(nameof(NonFiniteException), e.Step, e.Example, e.What, e.Origin),
        MemoryBudgetException e => Join(nameof(MemoryBudgetException), e.Example, e.Bytes, e.Budget, e.IsAtLeast ? 1 : 0),
        _ => Join(error.GetType().Name, error.Message),
    };

    private static Exception Parse(string text, int rank, string name) => text.Split(Separator) switch
    {
        [nameof(NonFiniteException), var step, var example, var what, var origin] =>
            new NonFiniteException(Number(step), example.Length == 0 ? null : (int)Number(example), what, origin.Length == 0 ? null : origin),
        [nameof(MemoryBudgetException), var example, var bytes, var budget, var isAtLeast] =>
            new MemoryBudgetException((int)Number(example), Number(bytes), Number(budget), workers: 1, isAtLeast == "1"),
        var parts => new CommunicatorException(rank, name, parts[^1]),
    };

    private static string Join(params ReadOnlySpan<object?> values)
    {
        var texts = new string?[values.Length];
        for (int i = 0; i < values.Length; i++)
            texts[i] = Convert.ToString(values[i], CultureInfo.InvariantCulture)?.Replace(Separator, ' ');

        return string.Join(Separator, texts);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
