using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Models;

/// <summary>Lengths of the vectors, and the number of words.</summary>
/// <param name="Words">Those of the vocabulary, and last of all the mark that stands before and behind a sentence.</param>
/// <param name="Embedding">A word's vector.</param>
/// <param name="Hidden">The state.</param>
internal sealed record LanguageModelSizes(int Words, int Embedding = 128, int Hidden = 256)
{
    /// <summary>What stands before and behind a sentence.</summary>
    public int Boundary => Words - 1;
}

/// <summary>Predicts each word of ONE sentence, and its end, from the words before: an LSTM, and a softmax over all words.</summary>
internal sealed class LanguageModel(Model model, LanguageModelSizes sizes)
{
    private readonly Embedding _words = new(model, "words", sizes.Embedding, sizes.Words);
    private readonly Lstm _lstm = new(model, "lstm", sizes.Embedding, sizes.Hidden);
    private readonly Linear _next = new(model, "next", sizes.Words, sizes.Hidden);

    /// <summary>The number of predictions for a sentence: its words and its end.</summary>
    public static int PredictionsOf(int[] sentence) => sentence.Length + 1;

    /// <summary>The sum of the cross-entropies of all words and the end: minus the logarithm of the sentence's probability.</summary>
    public Expr Loss(Graph g, int[] sentence)
    {
        using Scratch<Expr> vectors = new(PredictionsOf(sentence)), states = new(PredictionsOf(sentence));
        for (int i = 0; i <= sentence.Length; i++)
            vectors.Span[i] = _words.Of(g, i == 0 ? sizes.Boundary : sentence[i - 1]);

        _lstm.Run(vectors.Span, states.Span);
        Span<Expr> losses = states.Span;
        for (int i = 0; i <= sentence.Length; i++)
            losses[i] = CrossEntropy(_next.Apply(losses[i]), i == sentence.Length ? sizes.Boundary : sentence[i]);

        return Total(losses);
    }
}
