using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Cli.Models.ArcHybrid;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Models;

/// <summary>Lengths of a parser's vectors, and numbers of what it tells apart.</summary>
/// <param name="Words">In the vocabulary.</param>
/// <param name="Tags">Parts of speech.</param>
/// <param name="Relations">To choose from.</param>
/// <param name="Embedding">A word's vector.</param>
/// <param name="TagEmbedding">A part of speech's vector.</param>
/// <param name="Hidden">The state of each direction.</param>
/// <param name="Mlp">The hidden layer above them.</param>
internal sealed record ParserSizes(int Words, int Tags, int Relations, int Embedding = 100, int TagEmbedding = 25, int Hidden = 125, int Mlp = 100);

/// <summary>Parses ONE sentence: a vector for each word, two bidirectional LSTMs over them, and a perceptron that looks at four words to choose each
/// transition.</summary>
/// <remarks>Source: Kiperwasser and Goldberg, "Simple and accurate dependency parsing using bidirectional LSTM feature representations", TACL 2016. Here the
/// loss is a cross-entropy, and the perceptron's first layer, which is linear up to its tanh, is computed once for each word and place.</remarks>
internal sealed class Parser
{
    private const int Places = 4;   // three words of the stack and the next one
    private const double Conviction = 1;   // the difference of scores from which a mistake is followed

    private readonly Embedding _words, _tags;
    private readonly BidirectionalSequence _lower, _upper;
    private readonly Parameter[] _places;
    private readonly Function<(Expr, Expr), (Expr, Expr), Expr> _score;
    private readonly int _relations;

    public Parser(Model model, ParserSizes sizes)
    {
        _relations = sizes.Relations;
        _words = new Embedding(model, "words", sizes.Embedding, sizes.Words);
        _tags = new Embedding(model, "tags", sizes.TagEmbedding, sizes.Tags);
        _lower = BidirectionalSequence.OfLstm(model, "lower", sizes.Embedding + sizes.TagEmbedding, sizes.Hidden);
        _upper = BidirectionalSequence.OfLstm(model, "upper", 2 * sizes.Hidden, sizes.Hidden);
        _places = [.. Enumerable.Range(0, Places).Select(place => model.Weight($"place{place}.W", sizes.Mlp, 2 * sizes.Hidden))];
        Parameter b = model.Bias("mlp.b", sizes.Mlp);
        var output = new Linear(model, "score", 1 + 2 * sizes.Relations, sizes.Mlp);
        _score = Function.Of("score", ((Expr A, Expr B) low, (Expr A, Expr B) high) => output.Apply(Tanh(low.A + low.B + high.A + high.B + b)));
    }

    /// <summary>The sum of the cross-entropies of all transitions: at each the best one by the model of those that cost least. Where the model is convinced of
    /// another one, that is followed, so that it learns to go on after a mistake.</summary>
    public async ExprTask<Expr> Loss(Graph g, ParsedSentence sentence)
    {
        Expr[] vectors = VectorsOf(g, sentence);
        var state = new ArcHybrid(sentence.Length);
        var losses = new List<Expr>(2 * sentence.Length);
        while (!state.IsFinal)
        {
            Expr scores = Scores(vectors, state);
            ExprValue seen = await scores;
            int best = Best(state, seen), right = BestRight(state, seen, sentence);
            losses.Add(CrossEntropy(scores, g.Index(right)));
            Apply(state, seen[best] - seen[right] > Conviction ? best : right);
        }

        return Total([.. losses]);
    }

    /// <summary>The same with a transition of the tree at each place, which is known beforehand: what <c>bench --written known</c> compares with.</summary>
    public Expr LossOfKnown(Graph g, ParsedSentence sentence)
    {
        Expr[] vectors = VectorsOf(g, sentence);
        var state = new ArcHybrid(sentence.Length);
        var losses = new List<Expr>(2 * sentence.Length);
        while (!state.IsFinal)
        {
            int transition = FirstRight(state, sentence);
            losses.Add(CrossEntropy(Scores(vectors, state), g.Index(transition)));
            Apply(state, transition);
        }

        return Total([.. losses]);
    }

    /// <summary>The tree that the best transitions lead to, one after another.</summary>
    public async ExprTask<Parse> Parse(Graph g, ParsedSentence sentence)
    {
        Expr[] vectors = VectorsOf(g, sentence);
        var state = new ArcHybrid(sentence.Length, hasOneTree: true);
        while (!state.IsFinal)
            Apply(state, Best(state, await Scores(vectors, state)));

        return ParseOf(state);
    }

    /// <summary>The most probable tree of those that a beam finds.</summary>
    public async ExprTask<Parse> ParseByBeam(Graph g, ParsedSentence sentence, int width)
    {
        Expr[] vectors = VectorsOf(g, sentence);
        List<(ArcHybrid State, double LogProbability)> beam = [(new ArcHybrid(sentence.Length, hasOneTree: true), 0)];
        var next = new List<(ArcHybrid State, int Transition, double LogProbability)>();
        while (!beam[0].State.IsFinal)   // all take as many transitions
        {
            ExprTask<double[]>[] asked = [.. beam.Select(hypothesis => ValueOf(LogSoftmax(Scores(vectors, hypothesis.State))))];
            next.Clear();
            for (int i = 0; i < asked.Length; i++)
            {
                double[] logs = await asked[i];
                foreach (int transition in Legal(beam[i].State))
                    next.Add((beam[i].State, transition, beam[i].LogProbability + logs[transition]));
            }

            beam = [.. next.OrderByDescending(option => option.LogProbability).Take(width).Select(Applied)];
        }

        return ParseOf(beam[0].State);

        (ArcHybrid, double) Applied((ArcHybrid State, int Transition, double LogProbability) option)
        {
            ArcHybrid state = option.State.Copy();
            Apply(state, option.Transition);
            return (state, option.LogProbability);
        }
    }

    private static async ExprTask<double[]> ValueOf(Expr value) => await value;

    // What each word contributes to the perceptron's hidden layer at each of the places.
    private Expr[] VectorsOf(Graph g, ParsedSentence sentence)
    {
        Expr vectors = Concatenate(_words.Of(g, sentence.Words), _tags.Of(g, sentence.Tags));
        Expr states = _upper.Run(_lower.Run(vectors));
        return [.. _places.Select(place => place * states)];
    }

    private Expr Scores(Expr[] vectors, ArcHybrid state) => _score.Call(
        (vectors[0][.., state.Top(2)], vectors[1][.., state.Top(1)]), (vectors[2][.., state.Top(0)], vectors[3][.., state.Next]));

    private static Parse ParseOf(ArcHybrid state) => new(state.Heads.ToArray(), state.Relations.ToArray());

    // Transitions by number: shift, then left and right with each relation.
    private void Apply(ArcHybrid state, int transition)
    {
        int relation = transition - 1;
        if (transition == 0)
            state.Apply(Kind.Shift, 0);
        else if (relation < _relations)
            state.Apply(Kind.Left, relation);
        else
            state.Apply(Kind.Right, relation - _relations);
    }

    private int FirstOf(Kind kind) => kind switch { Kind.Shift => 0, Kind.Left => 1, _ => 1 + _relations };

    private IEnumerable<int> Legal(ArcHybrid state) => Kinds.Where(state.IsLegal).SelectMany(kind => Enumerable.Range(FirstOf(kind), CountOf(kind)));

    private int CountOf(Kind kind) => kind == Kind.Shift ? 1 : _relations;

    private static ReadOnlySpan<Kind> AllKinds => [Kind.Shift, Kind.Left, Kind.Right];

    private static IEnumerable<Kind> Kinds => [Kind.Shift, Kind.Left, Kind.Right];

    private int Best(ArcHybrid state, ExprValue scores)
    {
        int best = -1;
        foreach (Kind kind in AllKinds)
        {
            if (state.IsLegal(kind))
                best = BestOf(scores, FirstOf(kind), CountOf(kind), best);
        }

        return best;
    }

    // Of the transitions that cost least, with the tree's relation where they add one of its arcs.
    private int BestRight(ArcHybrid state, ExprValue scores, ParsedSentence sentence)
    {
        int least = LeastCost(state, sentence), best = -1;
        foreach (Kind kind in AllKinds)
        {
            if (!state.IsLegal(kind) || state.Cost(kind, sentence.Heads) > least)
                continue;

            int relation = kind == Kind.Shift || !state.IsRight(kind, sentence.Heads) ? -1 : sentence.Relations[state.Top(0)];
            best = relation < 0 ? BestOf(scores, FirstOf(kind), CountOf(kind), best) : BestOf(scores, FirstOf(kind) + relation, 1, best);
        }

        return best;
    }

    private int FirstRight(ArcHybrid state, ParsedSentence sentence)
    {
        int least = LeastCost(state, sentence);
        Kind kind = Kind.Shift;
        foreach (Kind other in AllKinds)
        {
            if (state.IsLegal(other) && state.Cost(other, sentence.Heads) == least)
                kind = other;   // left or right before shift
        }

        return kind == Kind.Shift ? 0 : FirstOf(kind) + Math.Max(0, sentence.Relations[state.Top(0)]);
    }

    private static int LeastCost(ArcHybrid state, ParsedSentence sentence)
    {
        int least = int.MaxValue;
        foreach (Kind kind in AllKinds)
        {
            if (state.IsLegal(kind))
                least = Math.Min(least, state.Cost(kind, sentence.Heads));
        }

        return least;
    }

    private static int BestOf(ExprValue scores, int first, int count, int best)
    {
        for (int transition = first; transition < first + count; transition++)
        {
            if (best < 0 || scores[transition] > scores[best])
                best = transition;
        }

        return best;
    }
}
