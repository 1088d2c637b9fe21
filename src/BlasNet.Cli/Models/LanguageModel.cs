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
internal sealed class LanguageModel
{
    private readonly Embedding _words;
    private readonly Lstm _lstm;
    private readonly Function<Expr, Expr, Expr> _loss;
    private readonly int _boundary;

    public LanguageModel(Model model, LanguageModelSizes sizes)
    {
        _words = new Embedding(model, "words", sizes.Embedding, sizes.Words);
        _lstm = new Lstm(model, "lstm", sizes.Embedding, sizes.Hidden);
        var next = new Linear(model, "next", sizes.Words, sizes.Hidden);
        _loss = Function.Of("loss", (Expr state, Expr word) => CrossEntropy(next.Apply(state), word));
        _boundary = sizes.Boundary;
    }

    /// <summary>The number of predictions for a sentence: its words and its end.</summary>
    public static int PredictionsOf(int[] sentence) => sentence.Length + 1;

    /// <summary>The sum of the cross-entropies of all words and the end: minus the logarithm of the sentence's probability.</summary>
    public Expr Loss(Graph g, int[] sentence)
    {
        using Scratch<Expr> vectors = new(PredictionsOf(sentence)), states = new(PredictionsOf(sentence));
        for (int i = 0; i <= sentence.Length; i++)
            vectors.Span[i] = _words.Of(g, i == 0 ? _boundary : sentence[i - 1]);

        _lstm.Run(vectors.Span, states.Span);
        Span<Expr> losses = states.Span;
        for (int i = 0; i <= sentence.Length; i++)
            losses[i] = _loss.Call(losses[i], g.Index(i == sentence.Length ? _boundary : sentence[i]));

        return Total(losses);
    }
}
