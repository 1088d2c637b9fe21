using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Models;

/// <summary>Lengths of a tagger's vectors, and numbers of what it tells apart.</summary>
/// <param name="Words">In the vocabulary.</param>
/// <param name="Tags">To choose from.</param>
/// <param name="Embedding">A word's vector.</param>
/// <param name="Hidden">The state of each direction.</param>
/// <param name="Mlp">The hidden layer above them.</param>
internal sealed record TaggerSizes(int Words, int Tags, int Embedding = 128, int Hidden = 50, int Mlp = 32);

/// <summary>Tags the words of ONE sentence: a vector for each, a bidirectional LSTM over them, a perceptron at each of its outputs.</summary>
internal partial class Tagger
{
    private readonly BidirectionalSequence _lstm;
    private readonly Mlp _mlp;

    public Tagger(Model model, TaggerSizes sizes)
    {
        Words = new Embedding(model, "words", sizes.Embedding, sizes.Words);
        _lstm = BidirectionalSequence.OfLstm(model, "lstm", sizes.Embedding, sizes.Hidden);
        _mlp = new Mlp(model, "mlp", 2 * sizes.Hidden, sizes.Mlp, sizes.Tags);
        (_scores, _loss) = FunctionsOfLoops();
    }

    protected Embedding Words { get; }

    /// <summary>The sum of the cross-entropies of all words' tags.</summary>
    public Expr Loss(Graph g, TaggedSentence sentence) => Sum(CrossEntropy(Scores(g, sentence), sentence.Tags));

    /// <summary>A number for each tag of each word; a word's largest says which tag it has.</summary>
    /// <returns>[tags × words].</returns>
    public Expr Scores(Graph g, TaggedSentence sentence) => _mlp.Apply(_lstm.Run(VectorsOf(g, sentence)));

    /// <summary>The vectors that stand for the words.</summary>
    protected virtual Expr VectorsOf(Graph g, TaggedSentence sentence) => Words.Of(g, sentence.Words);
}
