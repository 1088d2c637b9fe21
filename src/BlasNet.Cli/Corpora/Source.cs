using System.Globalization;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Corpora;

/// <summary>Examples to train with and examples to test with, as a model takes them.</summary>
internal sealed record Split<TExample>(TExample[] Train, TExample[] Dev)
{
    /// <summary>How much there is, in one line, for the screen.</summary>
    /// <param name="what">What the examples are: sentences, trees.</param>
    /// <param name="classes">Of what kinds: words, tags.</param>
    /// <param name="parameters">Of the model.</param>
    public string Describe(string what, string classes, long parameters) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Train.Length:N0} {what} to train with, {Dev.Length:N0} to test with; {classes}; {parameters:N0} parameters.");
}

/// <summary>What to train with and what to test with, as it was read.</summary>
/// <remarks>A file is read once, since it may be a pipe; the words of what was read are shared, so that this takes little more than their numbers do.</remarks>
internal sealed record Source<T>(IEnumerable<T> Train, IEnumerable<T> Dev)
{
    /// <summary>Without a file for the test, every so many examples is one for it.</summary>
    private const int DevEvery = 10;

    /// <param name="read">Reads a file example by example.</param>
    /// <param name="data">The file to train with.</param>
    /// <param name="dev">The file to test with; null for every tenth example of <paramref name="data"/>.</param>
    /// <param name="limit">At most so many examples of <paramref name="data"/>.</param>
    public static Source<T> Of(Func<string, IEnumerable<T>> read, string data, string? dev, int? limit)
    {
        T[] all = limit is { } count ? [.. read(data).Take(count)] : [.. read(data)];
        if (dev is not null)
            return new(all, [.. read(dev)]);

        return all.Length > 1
            ? new([.. all.Where((_, i) => i % DevEvery != 0)], [.. all.Where((_, i) => i % DevEvery == 0)])
            : throw new CommandException($"{data}: one example only; without --dev two at least are needed, one to train with and one to test with.");
    }

    /// <summary>All of it, as a model takes it.</summary>
    public Split<TExample> Read<TExample>(Func<T, TExample> encode) => new([.. Train.Select(encode)], [.. Dev.Select(encode)]);
}
