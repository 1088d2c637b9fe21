using System.Globalization;

namespace BlasNet.Datasets;

/// <summary>Nested lists of digits under the operators MAX, MIN, MED (median) and SM (sum modulo 10), with their values as labels.</summary>
/// <remarks>
/// The tree <c>(6 (MAX MAX) (2 2) (6 (SM SM) (9 9) (7 7)))</c> is the list [MAX 2 [SM 9 7]]. A node's first child is its operator, which is its own
/// label; every other node is labelled with its value, so each can have a loss. The median of an even number of digits is the mean of the two
/// in the middle, rounded down. Lists are drawn as the authors did: a list has 2 to 5 elements, each of them again a list with
/// probability ¼ as long as the depth is below 20; but the whole is always a list. With these settings it has 27 words on average.
/// Source: Nangia, Bowman, "ListOps: a diagnostic dataset for latent tree learning", NAACL 2018 (student workshop), arXiv:1804.06028.
/// </remarks>
public sealed class ListOps
{
    private const int Values = 10;

    /// <summary>Trees of more words on average are refused: they would not come to an end.</summary>
    private const int MaximumMeanWords = 1_000_000;

    private const int MaximumDepth = 1000;

    private static readonly string[] Digits = [.. Enumerable.Range(0, Values).Select(value => value.ToString(CultureInfo.InvariantCulture))];
    private static readonly string[] Operators = ["MAX", "MIN", "MED", "SM"];
    private static readonly Tree[] OperatorLeaves = Array.ConvertAll(Operators, name => Tree.Leaf(name, name));
    private static readonly Tree[] DigitLeaves = Array.ConvertAll(Digits, digit => Tree.Leaf(digit, digit));

    private readonly ulong _seed;

    /// <param name="seed">Together with its number it determines an example, on every machine.</param>
    /// <param name="maxDepth">How deep digits lie at most, the outermost list having depth 1; 2…1000.</param>
    /// <param name="maxArguments">A list has 2 to this many elements.</param>
    /// <param name="listProbability">That an element is a list.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is outside its range, or trees would have more than a million words on
    /// average.</exception>
    public ListOps(int seed = 0, int maxDepth = 20, int maxArguments = 5, double listProbability = 0.25)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDepth, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxDepth, MaximumDepth);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxArguments, 2);
        ArgumentOutOfRangeException.ThrowIfNegative(listProbability);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(listProbability, 1);
        (_seed, MaxDepth, MaxArguments, ListProbability) = (unchecked((ulong)seed), maxDepth, maxArguments, listProbability);

        if (!(MeanWords <= MaximumMeanWords))
        {
            throw new ArgumentOutOfRangeException(nameof(listProbability), listProbability,
                string.Create(CultureInfo.InvariantCulture, $"Trees would have {MeanWords:G3} words on average; the limit is {MaximumMeanWords}."));
        }
    }

    /// <summary>The 14 symbols that are words as well as labels: the digits 0…9, each at its own index, and the operators.</summary>
    public static Vocabulary Symbols { get; } =
        new([.. Digits.Concat(Operators).Select(symbol => KeyValuePair.Create(symbol, 0L))], hasUnknown: false);

    /// <summary>How deep digits lie at most, the outermost list having depth 1.</summary>
    public int MaxDepth { get; }

    /// <summary>A list has 2 to this many elements.</summary>
    public int MaxArguments { get; }

    /// <summary>That an element is a list.</summary>
    public double ListProbability { get; }

    /// <summary>The number of words, operators and digits, that a tree has on average.</summary>
    public double MeanWords
    {
        get
        {
            double arguments = (2 + (double)MaxArguments) / 2, words = 1;

            for (int depth = MaxDepth - 1; depth >= 1; depth--)
            {
                double probability = depth == 1 ? 1 : ListProbability;
                words = 1 - probability + probability * (1 + arguments * words);
            }

            return words;
        }
    }

    /// <summary>The tree of a number, whichever were asked for before.</summary>
    /// <param name="example">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="example"/> is negative.</exception>
    public Tree this[long example]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(example);
            var random = new RandomNumbers(_seed, (ulong)example);
            return List(ref random, depth: 1);
        }
    }

    /// <summary>The first so many trees, made while the result is enumerated.</summary>
    public IEnumerable<Tree> Take(long count)
    {
        for (long example = 0; example < count; example++)
            yield return this[example];
    }

    /// <summary>A tree of this kind as a binary one, whose nodes between are labelled with the value of the elements so far.</summary>
    /// <remarks>[MAX 2 9 5] becomes (9 (9 (2 (MAX MAX) (2 2)) (9 9)) (5 5)).</remarks>
    /// <exception cref="ArgumentException">It is of another kind: a list of several elements does not begin with an operator, or one before its last is
    /// not labelled 0…9.</exception>
    public static Tree Binarize(Tree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);

        return tree.Binarize((list, count) => Apply(list.Children[0].Label, list.Children[1..count]));
    }

    private Tree List(ref RandomNumbers random, int depth)
    {
        int arguments = random.Next(2, MaxArguments);
        int operation = random.Next(0, Operators.Length - 1);
        var children = new Tree[arguments + 1];
        children[0] = OperatorLeaves[operation];

        for (int i = 1; i < children.Length; i++)
        {
            bool isList = depth + 1 < MaxDepth && random.NextUniform() < ListProbability;
            children[i] = isList ? List(ref random, depth + 1) : DigitLeaves[random.Next(0, Values - 1)];
        }

        return new Tree(Apply(Operators[operation], children.AsSpan(1)), word: null, children);
    }

    /// <returns>The label of the value.</returns>
    private static string Apply(string operation, ReadOnlySpan<Tree> elements)
    {
        Span<int> values = elements.Length <= 64 ? stackalloc int[elements.Length] : new int[elements.Length];

        for (int i = 0; i < values.Length; i++)
            values[i] = elements[i].Label is [>= '0' and <= '9' and var digit] ? digit - '0'
                : throw new ArgumentException($"{ErrorText.Quote(elements[i].Label)} is not one of 0…{Values - 1}.");

        values.Sort();
        int middle = values.Length / 2;

        return Digits[operation switch
        {
            "MAX" => values[^1],
            "MIN" => values[0],
            "MED" => values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2,
            "SM" => Sum(values) % Values,
            _ => throw new ArgumentException($"{ErrorText.Quote(operation)} is not one of {string.Join(", ", Operators)}."),
        }];
    }

    private static int Sum(ReadOnlySpan<int> values)
    {
        int sum = 0;

        foreach (int value in values)
            sum += value;

        return sum;
    }
}
