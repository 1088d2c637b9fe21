using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Rounds;

/// <summary>A program whose structure depends on values: it walks along a sentence, and at each step looks at scores before it knows how to go on.</summary>
/// <remarks>The same method is run with values that are awaited and with decisions known beforehand, so both build the same expressions.</remarks>
internal sealed class Walk
{
    private const int Hidden = 6, Words = 9, Actions = 4;

    private readonly Embedding _words;
    private readonly Gru _encoder, _cell;
    private readonly Parameter _score, _mix, _bias, _table;
    private readonly Function<Expr, Expr, Expr> _look;
    private readonly double _dropout;

    public Walk(Precision precision = Precision.Double, double dropout = 0)
    {
        Model = new Model(11, precision);
        _words = new Embedding(Model, "words", Hidden, Words);
        _encoder = new Gru(Model, "encoder", Hidden, Hidden);
        _cell = new Gru(Model, "cell", Hidden, Hidden);
        _score = Model.Weight("score", Actions, Hidden);
        _mix = Model.Weight("mix", Hidden, Hidden);
        _table = Model.Weight("table", Hidden, Words);
        _bias = Model.Bias("bias", Hidden);
        _dropout = dropout;
        _look = Function.Of("look", (Expr state, Expr word) => Tanh(_mix * (state + word) + _bias));
    }

    public Model Model { get; }

    /// <summary>A sentence of at least one word.</summary>
    public sealed record Example(int Number, int[] Words, double Weight = 1);

    public static Example[] Examples(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(number => new Example(
            number, [.. Enumerable.Range(0, 1 + random.Next(6)).Select(_ => random.Next(Words))], random.Next(4) / 2.0))];
    }

    /// <summary>The loss, where a decision is the best action by the scores' values.</summary>
    public ExprTask<Expr> Loss(Graph g, Example example, Decisions decisions) => Run(g, example, async scores =>
    {
        int best = (await scores).ArgMax();
        decisions.Add(example, best);
        return best;
    });

    /// <summary>The loss, where the decisions are known.</summary>
    public Expr LossOf(Graph g, Example example, Decisions decisions)
    {
        int next = 0;
        return Run(g, example, _ => new ExprTask<int>(decisions[example][next++])).GetAwaiter().GetResult();
    }

    private async ExprTask<Expr> Run(Graph g, Example example, Func<Expr, ExprTask<int>> decide)
    {
        Expr encoded = _encoder.Run(Lookup(_words.Table, g.Indices(example.Words)), reverse: false);
        Expr state = Dropout(encoded[.., ^1], _dropout), loss = g.Constant(0);
        int place = 0;
        for (int step = 0; step < 7; step++)
        {
            Expr seen = _look.Call(state, encoded[.., place]);
            Expr scores = _score * Concatenate(seen[..3], state[3..]);
            int action = await decide(scores);
            loss += 0.25 * CrossEntropy(scores, g.Index((action + example.Words[place]) % Actions));
            if (action == 0)
                state = _cell.Step(Lookup(_table, g.Index(example.Words[place])), state);
            else if (action == 1)
                state = Tanh(MatMul(MatMul(_mix, _mix), seen));   // a matrix that all examples share
            else if (action == 2)
                state = await Twice(decide, Multiply(state, seen));
            else if (place == example.Words.Length - 1)
                break;

            place = Math.Min(place + 1, example.Words.Length - 1);
        }

        return loss + Sum(Square(state)) + 0.1 * Sum(Log(1 + Square(encoded)));
    }

    // Two values that are awaited at once.
    private async ExprTask<Expr> Twice(Func<Expr, ExprTask<int>> decide, Expr state)
    {
        ExprTask<int> left = decide(_score * state), right = decide(_score * Sigmoid(state));
        int first = await left, second = await right;
        return first == second ? state : Dropout(Multiply(Sigmoid(state), _bias), _dropout);
    }

    /// <summary>What an example has decided, in order.</summary>
    public sealed class Decisions
    {
        private readonly Dictionary<int, List<int>> _of = [];

        public int Count
        {
            get
            {
                lock (_of)
                    return _of.Values.Sum(list => list.Count);
            }
        }

        public List<int> this[Example example]
        {
            get
            {
                lock (_of)
                    return _of.TryGetValue(example.Number, out List<int>? list) ? list : _of[example.Number] = [];
            }
        }

        public void Add(Example example, int decision) => this[example].Add(decision);

        public void Clear() => _of.Clear();
    }
}
