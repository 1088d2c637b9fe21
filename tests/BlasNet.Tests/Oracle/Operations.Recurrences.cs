using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;
using static BlasNet.Tests.Oracle.Naive;

namespace BlasNet.Tests.Oracle;

/// <content>Recurrences over random graphs: chains, forests, lattices, sums of messages, trees.</content>
/// <remarks>Operands: x, and W where it fits. A step's A is the form, its B a set of options, its Factor the seed of the structure.</remarks>
internal static partial class Operations
{
    private const int W = 0;
    private const double DropRate = 0.25;

    private static readonly double[] Weights = [0.5, -0.7, 0.3];
    private static readonly ConditionalWeakTable<Model, Dictionary<(int, int, int, bool, int), object>> Made = [];

    [Flags]
    private enum Cell
    {
        /// <summary>A state of two vectors.</summary>
        Pair = 1,
        Drops = 2,
        HasConstant = 4,

        /// <summary>A function within the cell, W read twice, and a product of a state with what does not depend on one.</summary>
        Gated = 8,

        /// <summary>The state is normalized after an activation.</summary>
        Normalized = 16,

        /// <summary>The state goes through a recurrence of two vertices.</summary>
        Nested = 32,

        /// <summary>It runs within a function, which is called for any number of vertices.</summary>
        Called = 64,

        /// <summary>A leaf's state is one number, the sum of its input's, so that one recurrence takes inputs of any lengths.</summary>
        Folded = 128,

        /// <summary>The second predecessor's part of the sum is W times its sigmoid, which is not zero where its place is empty.</summary>
        Second = 256,
    }

    public static Operation Recurrence { get; } = new("Recurrence", ChooseRecurrence, BuildRecurrence, DefineRecurrence) { ResultCount = Parts };


    private static int Parts(Step s) => (((Cell)s.B & Cell.Pair) != 0) ? 2 : 1;

    private static Step? ChooseRecurrence(Draft d) => d.Where(x => x.Columns <= 6, (d, x) =>
    {
        int form = d.Next(7), options = d.Next(128) | (d.Next(2) * (int)Cell.Second), seed = d.Next(1000);
        if (form == (int)DagForm.Leaves && d.Next(2) == 0)
            return new Step(x) { A = form, B = (int)Cell.Folded | d.Next(2), Factor = seed };

        return new Step(d[W].Rows == d[x].Rows && d.Next(2) == 0 ? [x, W] : [x]) { A = form, B = options, Factor = seed };
    });

    private static RandomDag DagOf(Step s, int inputs) => RandomDag.Create((DagForm)s.A, inputs, new Random((int)s.Factor + inputs));

    private static Expr[] BuildRecurrence(Graph g, Expr[] x, Step s)
    {
        var model = (Model)g.Model!;
        Parameter? w = x.Length > 1 ? model.Parameters[W] : null;
        object recurrence = MadeOnce(structure: -1, () => Parts(s) == 2 ? Pair(s, w) : Single(s, w));
        if (((Cell)s.B & Cell.Called) == 0)
            return Run(recurrence, x[0], s);

        var run = (Function<Expr, (Expr First, Expr Last)>)MadeOnce((int)s.Factor, () => Function.Of("run", (Expr x) =>
        {
            Expr[] states = Run(recurrence, x, s);
            return (states[0], states[^1]);
        }));
        var (first, last) = run.Call(x[0]);
        return Parts(s) == 2 ? [first, last] : [first];

        object MadeOnce(int structure, Func<object> make)
        {
            Dictionary<(int, int, int, bool, int), object> made = Made.GetOrCreateValue(model);
            lock (made)
            {
                var key = (s.A, s.B, ((Cell)s.B & Cell.Folded) != 0 ? 0 : x[0].Shape.Rows, w is not null, structure);
                if (!made.TryGetValue(key, out object? known))
                    made.Add(key, known = make());

                return known;
            }
        }
    }

    private static Expr[] Run(object recurrence, Expr x, Step s)
    {
        RandomDag dag = DagOf(s, x.Shape.Columns);
        if (recurrence is Recurrence<Expr> single)
            return [Run(single, x, dag)];

        var (h, m) = Run((Recurrence<(Expr H, Expr M)>)recurrence, x, dag);
        return [h, m];
    }

    private static TState Run<TState>(Recurrence<TState> recurrence, Expr x, RandomDag dag) => dag.Form switch
    {
        DagForm.Chain => recurrence.Run(x),
        DagForm.ReversedChain => recurrence.Run(x, reverse: true),
        _ => recurrence.Run(x, dag.ToDag()),
    };

    private static Recurrence<Expr> Single(Step s, Parameter? w)
    {
        var cell = (Cell)s.B;
        return (DagForm)s.A switch
        {
            DagForm.Chain or DagForm.ReversedChain or DagForm.Forest => BlasNet.Graphs.Recurrence.Of("r", Start, (Expr x, Expr h) => Finish(x + First(h, x))),
            DagForm.Lattice => BlasNet.Graphs.Recurrence.Of("r", Start, (Expr x, Expr h, Expr k) => Finish(x + First(h, x) + Second(k))),
            DagForm.Wide => BlasNet.Graphs.Recurrence.Of(
                "r", 3, Start, (Expr x, Expr[] h) => Finish(x + First(h[0], x) + Second(h[1]) + Weights[2] * h[2])),
            DagForm.Sums => BlasNet.Graphs.Recurrence.OfSums(
                "r", Start, (Expr x, Expr h) => Dropped(h * x, cell), (Expr x, Expr sum) => Finish(x + First(sum, x))),
            _ => BlasNet.Graphs.Recurrence.OfLeaves("r", Start, (Expr h, Expr k) => Finish(First(h, null) + Second(k))),
        };

        Expr Start(Expr x) => Dropped(Op.Tanh(Folded(x, cell)), cell);

        Expr First(Expr h, Expr? x) => FirstOf(h, x, w, cell);

        Expr Second(Expr h) => SecondOf(h, w, cell);

        Expr Finish(Expr z) => Dropped(Op.Tanh(Shifted(z, cell)), cell);
    }

    private static Recurrence<(Expr H, Expr M)> Pair(Step s, Parameter? w)
    {
        var cell = (Cell)s.B;
        return (DagForm)s.A switch
        {
            DagForm.Chain or DagForm.ReversedChain or DagForm.Forest =>
                BlasNet.Graphs.Recurrence.Of("r", Start, (Expr x, (Expr H, Expr M) s) => Finish(x + First(s.H, x), 0.5 * s.M + s.H)),
            DagForm.Lattice => BlasNet.Graphs.Recurrence.Of("r", Start, (Expr x, (Expr H, Expr M) s, (Expr H, Expr M) t) =>
                Finish(x + First(s.H, x) + Second(t.H), 0.5 * s.M + s.H + Weights[2] * t.M)),
            DagForm.Wide => BlasNet.Graphs.Recurrence.Of("r", 3, Start, (Expr x, (Expr H, Expr M)[] s) =>
                Finish(x + First(s[0].H, x) + Second(s[1].H) + Weights[2] * s[2].H, 0.5 * s[0].M + s[0].H + Weights[2] * s[1].M)),
            DagForm.Sums => BlasNet.Graphs.Recurrence.OfSums("r", Start, (Expr x, (Expr H, Expr M) s) => (Dropped(s.H * x, cell), s.M),
                (Expr x, (Expr H, Expr M) sum) => Finish(x + First(sum.H, x), 0.5 * sum.M + sum.H)),
            _ => BlasNet.Graphs.Recurrence.OfLeaves("r", Start, ((Expr H, Expr M) s, (Expr H, Expr M) t) =>
                Finish(First(s.H, null) + Second(t.H), 0.5 * s.M + s.H + Weights[2] * t.M)),
        };

        (Expr H, Expr M) Start(Expr x) => (Dropped(Op.Tanh(Folded(x, cell)), cell), 0.5 * Folded(x, cell));

        Expr First(Expr h, Expr? x) => FirstOf(h, x, w, cell);

        Expr Second(Expr h) => SecondOf(h, w, cell);

        (Expr H, Expr M) Finish(Expr z, Expr m) => (Dropped(Op.Tanh(Shifted(z + m, cell)), cell), m);
    }

    private static Expr FirstOf(Expr h, Expr? x, Parameter? w, Cell cell)
    {
        if ((cell & Cell.Normalized) != 0)
            h = Op.LayerNorm(Op.Silu(h), 0.1);

        if ((cell & Cell.Nested) != 0)
            h = Op.SliceColumns(Inner.Run(Op.ConcatenateColumns(h, Op.Sigmoid(h))), 1, 1);

        if ((cell & Cell.Gated) == 0)
            return Product(h);

        Expr again = Product(Op.Tanh(h));
        return Rotate.Call(Product(h)) + (x is null ? 0.5 * again : Op.Sigmoid(x.Value) * again);

        Expr Product(Expr h) => w is null ? Weights[0] * h : w * h;
    }

    private static Expr SecondOf(Expr h, Parameter? w, Cell cell) => (cell & Cell.Second) == 0 || w is null ? Weights[1] * h : w * Op.Sigmoid(h);

    private static Function<Expr, Expr> Rotate { get; } = Function.Of(
        "rotate", (Expr a) => a.Shape.Rows == 1 ? a : Op.Concatenate(Op.Slice(a, 1, a.Shape.Rows - 1), Op.Slice(a, 0, 1)));

    private static Recurrence<Expr> Inner { get; } = BlasNet.Graphs.Recurrence.Of("inner", x => 0.5 * x, (Expr x, Expr h) => x * h);

    private static Expr Folded(Expr x, Cell cell) => (cell & Cell.Folded) != 0 ? Op.Sum(x) : x;

    private static Expr Dropped(Expr x, Cell cell) => (cell & Cell.Drops) != 0 ? Op.Dropout(x, DropRate) : x;

    private static Expr Shifted(Expr z, Cell cell) => (cell & Cell.HasConstant) == 0 ? z
        : z + z.Graph.Constant(Enumerable.Range(0, z.Shape.Rows).Select(i => 0.1 * (i + 1)).ToArray(), new Shape(z.Shape.Rows));

    private static Matrix[] DefineRecurrence(Evaluation e, Matrix[] x, Step s) => new RecurrenceDefinition(e, x, (DagForm)s.A, Parts(s) == 2,
        e.IsTraining && ((Cell)s.B & Cell.Drops) != 0, (Cell)s.B).Run(DagOf(s, x[0].Columns));

    // What the cells mean, vertex by vertex.
    private sealed class RecurrenceDefinition(Evaluation e, Matrix[] x, DagForm form, bool isPair, bool drops, Cell cell)
    {
        private readonly int _rows = (cell & Cell.Folded) != 0 ? 1 : x[0].Rows;
        private readonly Dictionary<int, (Number[] H, Number[] M)> _states = [];
        private int _starts, _steps, _messages;   // the first draws of each body

        public Matrix[] Run(RandomDag dag)
        {
            if (drops)
            {
                (_starts, _steps, _messages) = (e.Draws, e.Draws + dag.Count, e.Draws + (2 * dag.Count));
                e.Draws += (2 * dag.Count) + (form == DagForm.Sums ? Math.Max(1, dag.Edges) : 0);
            }

            foreach (int vertex in dag.Order())
                _states[vertex] = dag.IsStart(vertex) ? Start(vertex, InputOf(dag, vertex)) : Step(vertex, InputOf(dag, vertex), dag);

            // All states are one value: what it is differentiated by moves each of them on its own, and none through the others.
            Matrix h = Make(_rows, dag.Count, (i, v) => _states[v].H[i].Copy());
            return isPair ? [h, Make(_rows, dag.Count, (i, v) => _states[v].M[i].Copy())] : [h];
        }

        private Number[] InputOf(RandomDag dag, int vertex)
        {
            if (form != DagForm.Leaves)
                return [.. x[0].Column(vertex)];

            return dag.IsStart(vertex) ? [.. x[0].Column(Enumerable.Range(0, vertex).Count(dag.IsStart))] : Zeros();
        }

        private (Number[] H, Number[] M) Start(int vertex, Number[] given)
        {
            Number[] input = (cell & Cell.Folded) != 0 ? [Naive.Sum(given)] : given;
            return (Drop([.. input.Select(a => a.Tanh())], _starts + vertex), [.. input.Select(a => a * 0.5)]);
        }

        private (Number[] H, Number[] M) Step(int vertex, Number[] input, RandomDag dag)
        {
            int[] predecessors = dag.Predecessors[vertex];
            (Number[] H, Number[] M)[] read = form == DagForm.Sums ? [Messages(dag, vertex, input)]
                : [.. predecessors.Select(p => p < 0 ? (Zeros(), Zeros()) : _states[p])];
            Number[] z = Add(input, First(read[0].H, input)), m = Add(Scale(read[0].M, 0.5), read[0].H);
            if (read.Length > 1)
                (z, m) = (Add(z, Second(read[1].H)), Add(m, Scale(read[1].M, Weights[2])));

            if (read.Length > 2)
                z = Add(z, Scale(read[2].H, Weights[2]));

            if (isPair)
                z = Add(z, m);

            return (Drop([.. z.Select((a, i) => ((cell & Cell.HasConstant) != 0 ? a + 0.1 * (i + 1) : a).Tanh())], _steps + vertex), m);
        }

        private (Number[] H, Number[] M) Messages(RandomDag dag, int vertex, Number[] input)
        {
            int edge = dag.Predecessors[..vertex].Sum(list => list.Length);
            (Number[] H, Number[] M) sum = (Zeros(), Zeros());
            foreach (int predecessor in dag.Predecessors[vertex])
            {
                var (h, m) = _states[predecessor];
                Number[] product = Drop([.. h.Zip(input, (a, b) => a * b)], _messages + edge++);
                sum = (Add(sum.H, product), Add(sum.M, m));
            }

            return sum;
        }

        private Number[] First(Number[] h, Number[] input)
        {
            if ((cell & Cell.Normalized) != 0)
                h = [.. Normalized([.. h.Select(a => a / ((a * -1).Exp() + 1))], 0.1).Elements];

            if ((cell & Cell.Nested) != 0)
                h = [.. h.Select(a => ((a * -1).Exp() + 1).Inverse() * (a * 0.5))];

            if ((cell & Cell.Gated) == 0)
                return Product(h);

            Number[] product = Product(h), again = Product([.. h.Select(a => a.Tanh())]);
            return [.. product.Select((_, i) => product[(i + 1) % _rows] + ((input[i] * -1).Exp() + 1).Inverse() * again[i])];
        }

        private Number[] Second(Number[] h) => (cell & Cell.Second) == 0 || x.Length == 1 ? Scale(h, Weights[1])
            : Product([.. h.Select(a => ((a * -1).Exp() + 1).Inverse())]);

        private Number[] Product(Number[] h) => x.Length == 1 ? Scale(h, Weights[0])
            : [.. Enumerable.Range(0, _rows).Select(i => Naive.Sum(Enumerable.Range(0, _rows).Select(k => x[1][i, k] * h[k])))];

        private Number[] Drop(Number[] h, int draw) => !drops ? h
            : [.. h.Select((a, i) => a * (IsDropped(e.Seed, e.Example, draw, i, DropRate) ? 0 : 1 / (1 - DropRate)))];

        private Number[] Zeros() => [.. Enumerable.Range(0, _rows).Select(_ => e.Tape.Number(0))];

        private static Number[] Add(Number[] a, Number[] b) => [.. a.Zip(b, (p, q) => p + q)];

        private static Number[] Scale(Number[] a, double factor) => [.. a.Select(p => p * factor)];
    }
}
