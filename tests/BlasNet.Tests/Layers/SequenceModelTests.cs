using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Layers;

/// <summary>Models over sequences whose lengths differ: batched equals unbatched.</summary>
public sealed class SequenceModelTests
{
    private const int Size = 3, Vocabulary = 7;

    // Repeated, equal and single words.
    private static readonly int[][] Sentences = [[1, 2, 3, 1], [4], [5, 6], [0, 0, 0, 0, 0, 0, 1], [1, 2, 3, 1], [6, 2, 5]];

    [Theory, InlineData(1), InlineData(2), InlineData(6)]
    public void A_recurrent_language_model_over_sentences_of_any_length(int examples) => NetworkAssert.EqualsOneByOne(LanguageModel, examples);

    [Fact]
    public void A_language_model_launches_as_often_as_its_longest_sentence_alone()
    {
        using var longest = new Network(model =>
        {
            Func<Graph, int, Expr> loss = LanguageModel(model);
            return (g, _) => loss(g, 3);
        });
        using var all = new Network(LanguageModel);
        longest.Run(1);
        all.Run(Sentences.Length);
        Assert.InRange(all.Launches, 1, 1.5 * longest.Launches);   // and not six times as often
    }

    [Fact]
    public void A_tagger_with_ragged_sentences_of_ragged_words() => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var letters = new Embedding(model, "letters", Size, Vocabulary);
            var word = BidirectionalSequence.OfLstm(model, "word", Size, 2);
            var sentence = new BidirectionalSequence(new Gru(model, "forward", 4, Size), new Gru(model, "backward", 4, 2));
            var tag = new Linear(model, "tag", 3, Size + 2);
            return (g, example) =>
            {
                // Word w of a sentence is spelled by w + 1 letters, the sentence's own and the word's number.
                int[] words = Sentences[example];
                Expr[] vectors = [.. words.Select((w, t) => word.Summarize([.. Enumerable.Repeat(letters.Of(g, w), w + 1), letters.Of(g, t)]))];
                return Total([.. sentence.Run(vectors).Select((h, t) => CrossEntropy(tag.Apply(h), words[t] % 3))]);
            };
        },
        Sentences.Length);

    [Fact]
    public void Attention_within_sentences_of_any_length() => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var embedding = new Embedding(model, "words", Size, Vocabulary);
            var (attention, normalization) = (new Attention(model, "attention", Size, Size), new LayerNormalization(model, "norm", Size));
            var mlp = new Mlp(model, "mlp", Size, 4, 2);
            return (g, example) =>
            {
                Expr x = ConcatenateColumns([.. Sentences[example].Select((word, t) => embedding.Of(g, word) + 0.1 * t)]);
                Expr y = mlp.Apply(normalization.Apply(x + attention.Apply(x)));
                return CrossEntropy(SumColumns(y), example % 2);
            };
        },
        Sentences.Length);

    /// <summary>One encoder in two places of every example.</summary>
    [Fact]
    public void A_siamese_network() => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var embedding = new Embedding(model, "words", Size, Vocabulary);
            var lstm = new Lstm(model, "encoder", Size, Size);
            return (g, example) =>
            {
                Expr difference = Encode(Sentences[example]) - Encode(Sentences[^(example + 1)]);
                return SquaredError(Exp(-Dot(difference, difference)), g.Input(example % 2));

                Expr Encode(int[] words) => lstm.Run([.. words.Select(word => embedding.Of(g, word))])[^1];
            };
        },
        examples: 3);   // of six sentences, each in one pair

    /// <summary>Each example, and each word of it, takes its own branch, of its own depth.</summary>
    [Fact]
    public void A_mixture_of_experts() => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var embedding = new Embedding(model, "words", Size, Vocabulary);
            Mlp[] experts = [new(model, "shallow", Size, 2), new(model, "deep", Size, 5, 4, 2), new(model, "wide", Size, 6, 2)];
            return (g, example) => Total([.. Sentences[example].Select(
                word => CrossEntropy(experts[(word + example) % 3].Apply(embedding.Of(g, word)), word % 2))]);
        },
        Sentences.Length);

    /// <summary>No recursion in the library: neither building nor any pass overflows the stack, and time is linear.</summary>
    [Fact]
    public void A_chain_of_ten_thousand_steps()
    {
        var (values, gradients) = LongChain(batching: true);
        var (expectedValues, expectedGradients) = LongChain(batching: false);
        for (int i = 0; i < values.Length; i++)
            NetworkAssert.Close(expectedValues[i], values[i], 1e-9, $"value of example {i}");

        foreach (var (name, gradient) in expectedGradients)
            NetworkAssert.Close(gradient, gradients[name], 1e-9, $"gradient of {name}");
    }

    private static (double[][] Values, Dictionary<string, double[]> Gradients) LongChain(bool batching)
    {
        using var network = new Network(
            model =>
            {
                var (embedding, lstm) = (new Embedding(model, "words", 1, Vocabulary), new Lstm(model, "lstm", 1, 2));
                return (g, example) => lstm.Run([.. Enumerable.Range(0, 10_000 - 10 * example).Select(t => embedding.Of(g, t % Vocabulary))])[^1];
            },
            new() { Batching = batching });
        return network.Run(examples: 2);
    }

    private static Func<Graph, int, Expr> LanguageModel(Model model)
    {
        var embedding = new Embedding(model, "words", Size, Vocabulary);
        var lstm = new Lstm(model, "lstm", Size, 4);
        var next = new Linear(model, "next", Vocabulary, 4);
        return (g, example) =>
        {
            int[] words = Sentences[example];
            Expr[] states = lstm.Run([.. words.Select(word => embedding.Of(g, word))]);
            return Total([.. states.Select((h, t) => CrossEntropy(next.Apply(h), t + 1 < words.Length ? words[t + 1] : 0))]);
        };
    }
}
