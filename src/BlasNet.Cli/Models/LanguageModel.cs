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
internal sealed partial class LanguageModel
{
    private readonly Embedding _words;
    private readonly Lstm _lstm;
    private readonly Linear _next;
    private readonly int _boundary;

    public LanguageModel(Model model, LanguageModelSizes sizes)
    {
        _words = new Embedding(model, "words", sizes.Embedding, sizes.Words);
        _lstm = new Lstm(model, "lstm", sizes.Embedding, sizes.Hidden);
        _next = new Linear(model, "next", sizes.Words, sizes.Hidden);
        _loss = Function.Of("loss", (Expr state, Expr word) => CrossEntropy(_next.Apply(state), word));
        _boundary = sizes.Boundary;
    }

    /// <summary>The number of predictions for a sentence: its words and its end.</summary>
    public static int PredictionsOf(int[] sentence) => sentence.Length + 1;

    /// <summary>The sum of the cross-entropies of all words and the end: minus the logarithm of the sentence's probability.</summary>
    public Expr Loss(Graph g, int[] sentence)
    {
        using var marked = new Scratch<int>(sentence.Length + 2);
        marked.Span[0] = marked.Span[^1] = _boundary;
        sentence.CopyTo(marked.Span[1..]);
        return Sum(CrossEntropy(_next.Apply(_lstm.Run(_words.Of(g, marked.Span[..^1]))), marked.Span[1..]));
    }
}
