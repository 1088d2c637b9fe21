using System.Globalization;

namespace BlasNet.Datasets;

/// <summary>Sentences and trees without meaning, with the lengths and the repetitions of real text: for measuring speed without data.</summary>
/// <remarks>
/// Lengths follow the quantiles of the 12,544 training sentences of the English Web Treebank (Universal Dependencies): mean 16, median 14, 95th
/// percentile 39, longest 159. Words follow Zipf's law, the word of rank r having a probability proportional to 1/r: of 20,000 words a minibatch
/// of 64 sentences has 55 % different ones (the treebank's: 53 %), and frequent words are short. Example i of a seed is the same on every machine,
/// however many are asked for.
/// </remarks>
public sealed class SyntheticText
{
    /// <summary>Some points of the distribution, (share of sentences of n words or fewer, n + ½); between them it is interpolated.</summary>
    private static readonly (double Quantile, double Length)[] Lengths =
    [
        (0, 0.5), (0.0415, 1.5), (0.0914, 2.5), (0.1598, 4.5), (0.2288, 6.5), (0.4105, 11.5), (0.4819, 13.5), (0.5847, 16.5), (0.7011, 20.5),
        (0.7954, 24.5), (0.858, 28.5), (0.9029, 32.5), (0.9514, 39.5), (0.9766, 47.5), (0.9904, 57.5), (0.9954, 66.5), (0.9991, 89.5),
        (0.9998, 104.5), (1, 159.5),
    ];

    /// <summary>A word is as many of these as its rank has digits to the base 20: 2, 4, 6… letters, 4 on average in running text.</summary>
    private static readonly string[] Syllables =
        ["ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "wo", "xu", "ya", "ze", "hi", "jo", "cu"];

    private readonly ulong _seed;
    private readonly double[] _cumulative; // of 1/rank
    private readonly string[] _words;

    /// <param name="seed">Together with its number it determines an example.</param>
    /// <param name="vocabulary">Number of different words.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="vocabulary"/> is below 1.</exception>
    public SyntheticText(int seed = 0, int vocabulary = 20_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabulary, 1);
        _seed = unchecked((ulong)seed);
        _cumulative = new double[vocabulary];
        _words = new string[vocabulary];
        double sum = 0;

        for (int i = 0; i < vocabulary; i++)
        {
            _cumulative[i] = sum += 1.0 / (i + 1);
            _words[i] = Spell(i);
        }
    }

    /// <summary>The first so many sentences, made while the result is enumerated.</summary>
    public IEnumerable<string[]> Sentences(long count)
    {
        for (long example = 0; example < count; example++)
        {
            var random = new RandomNumbers(_seed, (ulong)example);
            yield return Sentence(ref random);
        }
    }

    /// <summary>The same sentences with tags, each word having one that is always the same.</summary>
    /// <param name="count">Number of sentences.</param>
    /// <param name="tags">Number of different tags.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tags"/> is below 1.</exception>
    public IEnumerable<TaggedWord[]> TaggedSentences(long count, int tags = 17)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tags, 1);

        return Sentences(count).Select(sentence => Array.ConvertAll(sentence, word => new TaggedWord(word, $"T{Class(word, tags)}")));
    }

    /// <summary>Binary trees over the same sentences: a span is split at a place drawn uniformly, and so are its parts.</summary>
    /// <param name="count">Number of trees.</param>
    /// <param name="labels">Number of different labels. A word has one that is always the same; a node has its children's mean, rounded up.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="labels"/> is below 1.</exception>
    public IEnumerable<Tree> Trees(long count, int labels = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(labels, 1);

        return Enumerate();

        IEnumerable<Tree> Enumerate()
        {
            for (long example = 0; example < count; example++)
            {
                var random = new RandomNumbers(_seed, (ulong)example);
                string[] sentence = Sentence(ref random);
                yield return Split(sentence, ref random, labels).Tree;
            }
        }
    }

    private string[] Sentence(ref RandomNumbers random)
    {
        string[] sentence = new string[Length(random.NextUniform())];

        for (int i = 0; i < sentence.Length; i++)
        {
            int rank = Array.BinarySearch(_cumulative, random.NextUniform() * _cumulative[^1]);
            sentence[i] = _words[Math.Min(rank < 0 ? ~rank : rank, _words.Length - 1)];
        }

        return sentence;
    }

    private static int Length(double quantile)
    {
        int upper = 1;

        while (quantile > Lengths[upper].Quantile)
            upper++;

        var ((q0, length0), (q1, length1)) = (Lengths[upper - 1], Lengths[upper]);
        return (int)Math.Round(length0 + (length1 - length0) * ((quantile - q0) / (q1 - q0)), MidpointRounding.AwayFromZero);
    }

    private static (Tree Tree, int Label) Split(ReadOnlySpan<string> words, ref RandomNumbers random, int labels)
    {
        if (words.Length == 1)
        {
            int own = Class(words[0], labels);
            return (Tree.Leaf(Name(own), words[0]), own);
        }

        int first = random.Next(1, words.Length - 1);
        var (left, leftLabel) = Split(words[..first], ref random, labels);
        var (right, rightLabel) = Split(words[first..], ref random, labels);
        int label = (leftLabel + rightLabel + 1) / 2;
        return (Tree.Node(Name(label), left, right), label);
    }

    private static string Name(int label) => label.ToString(CultureInfo.InvariantCulture);

    private static int Class(string word, int classes)
    {
        ulong hash = 0;

        foreach (char letter in word)
            hash = RandomNumbers.Mix(hash + letter);

        return (int)(hash % (ulong)classes);
    }

    /// <summary>The number in bijective base 20: 20 words of one syllable, 400 of two, 8,000 of three….</summary>
    private static string Spell(int number) =>
        (number >= Syllables.Length ? Spell(number / Syllables.Length - 1) : "") + Syllables[number % Syllables.Length];
}
