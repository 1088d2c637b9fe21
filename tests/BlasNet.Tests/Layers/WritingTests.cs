using BlasNet.Graphs;
using BlasNet.Layers;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Layers;

/// <summary>A model written with matrices and recurrences is the model written in loops: the same values and gradients, and no more launches for many
/// lengths.</summary>
public sealed class WritingTests
{
    private const int Inputs = 3, Hidden = 4, Vocabulary = 7;

    private static readonly int[][] Sentences = [[1, 2, 3, 1], [4], [5, 6], [0, 0, 0, 0, 0, 0, 1], [1, 2, 3, 1], [6, 2, 5]];

    // Children of each node, −1 for none: a leaf, a pair, a chain to the left, two trees of which one is a leaf.
    private static readonly (int[] Left, int[] Right)[] Trees =
        [([-1], [-1]), ([-1, -1, 0], [-1, -1, 1]), ([-1, -1, 0, -1, 2], [-1, -1, 1, -1, 3]), ([1, -1, -1, -1], [2, -1, -1, -1])];

    private static readonly int[][][] Dependencies = [[[]], [[], [0], [0, 1, 0]], [[], [], [0, 1], [2], [2, 3]]];

    private delegate Expr Loss(Graph g, int example);

    [Fact]
    public void A_bidirectional_lstm() => AreEqual(Sentences.Length, model =>
    {
        var words = new Embedding(model, "words", Inputs, Vocabulary);
        BidirectionalSequence lstm = BidirectionalSequence.OfLstm(model, "lstm", Inputs, Hidden);
        var tag = new Linear(model, "tag", 3, 2 * Hidden);
        return (
            (g, i) => Sum(CrossEntropy(tag.Apply(lstm.Run(words.Of(g, Sentences[i]))), [.. Sentences[i].Select(word => word % 3)])),
            (g, i) => Total([.. lstm.Run([.. Sentences[i].Select(word => words.Of(g, word))])
                .Select((h, t) => CrossEntropy(tag.Apply(h), Sentences[i][t] % 3))]));
    });

    [Fact]
    public void A_gru_whose_last_state_is_a_sentence() => AreEqual(Sentences.Length, model =>
    {
        var words = new Embedding(model, "words", Inputs, Vocabulary);
        var gru = new Gru(model, "gru", Inputs, Hidden);
        return (
            (g, i) => Sum(Tanh(SliceColumns(gru.Run(words.Of(g, Sentences[i])), Sentences[i].Length - 1, 1))),
            (g, i) => Sum(Tanh(gru.Run([.. Sentences[i].Select(word => words.Of(g, word))])[^1])));
    });

    [Fact]
    public void The_ends_of_two_directions() => AreEqual(Sentences.Length, model =>
    {
        var words = new Embedding(model, "words", Inputs, Vocabulary);
        BidirectionalSequence lstm = BidirectionalSequence.OfLstm(model, "lstm", Inputs, Hidden);
        return (
            (g, i) => Sum(Square(lstm.Summarize(words.Of(g, Sentences[i])))),
            (g, i) => Sum(Square(lstm.Summarize([.. Sentences[i].Select(word => words.Of(g, word))]))));
    });

    [Fact]
    public void A_binary_tree_lstm() => AreEqual(Trees.Length, model =>
    {
        var words = new Embedding(model, "words", Inputs, Vocabulary);
        var tree = new TreeLstm(model, "tree", Inputs, Hidden);
        return (
            (g, i) => Sum(Square(tree.Run(words.Of(g, WordsOf(i)), Dag.Binary(Trees[i].Left, Trees[i].Right)).H)),
            (g, i) => Total([.. StatesOf(tree, words, g, i).Select(state => Sum(Square(state.H)))]));
    });

    [Fact]
    public void A_tree_lstm_that_sums_over_children() => AreEqual(Dependencies.Length, model =>
    {
        var words = new Embedding(model, "words", Inputs, Vocabulary);
        var tree = new ChildSumTreeLstm(model, "tree", Inputs, Hidden);
        return (
            (g, i) => Sum(Square(tree.Run(words.Of(g, [.. Dependencies[i].Select((_, node) => node % Vocabulary)]), Dag.OfSets(Dependencies[i])).C)),
            (g, i) =>
            {
                var states = new List<LstmState>();
                foreach (int[] children in Dependencies[i])
                    states.Add(tree.Node(words.Of(g, states.Count % Vocabulary), [.. children.Select(child => states[child])]));

                return Total([.. states.Select(state => Sum(Square(state.C)))]);
            }
        );
    });

    // h(i, j) = tanh(W·x + U·h(i − 1, j) + V·h(i, j − 1)), with zeros beyond the edges: a grid as it is used for two sequences.
    [Theory, InlineData(1, 1), InlineData(2, 3), InlineData(4, 2)]
    public void A_grid(int rows, int columns) => AreEqual(3, model =>
    {
        var (w, u, v) = (model.Weight("W", Hidden, Inputs), model.Weight("U", Hidden, Hidden), model.Weight("V", Hidden, Hidden));
        Recurrence<Expr> grid = Recurrence.Of("grid", x => Tanh(w * x), (Expr x, Expr up, Expr left) => Tanh(w * x + u * up + v * left));
        var predecessors = new List<int>();
        for (int cell = 0; cell < rows * columns; cell++)
            predecessors.AddRange([cell >= columns ? cell - columns : -1, cell % columns > 0 ? cell - 1 : -1]);

        var dag = Dag.OfPlaces(2, [.. predecessors]);
        return (
            (g, i) => Sum(Square(grid.Run(g.Input(Numbers(i, rows * columns), new Shape(Inputs, rows * columns)), dag))),
            (g, i) =>
            {
                double[] numbers = Numbers(i, rows * columns);
                var states = new List<Expr>();
                for (int cell = 0; cell < rows * columns; cell++)
                {
                    Expr z = w * g.Input(numbers.AsSpan(cell * Inputs, Inputs));
                    if (cell >= columns)
                        z += u * states[cell - columns];

                    if (cell % columns > 0)
                        z += v * states[cell - 1];

                    states.Add(Tanh(z));
                }

                return Total([.. states.Select(h => Sum(Square(h)))]);
            }
        );
    });

    [Fact]
    public void Many_lengths_take_the_launches_of_the_longest()
    {
        static Func<Graph, int, Expr> Encoder(Func<int, int> example, IParameters model)
        {
            var words = new Embedding(model, "words", Inputs, Vocabulary);
            var (gru, norm) = (new Gru(model, "gru", Inputs, Hidden), new LayerNormalization(model, "norm", Hidden));
            var tag = new Linear(model, "tag", 3, Hidden);
            return (g, i) =>
            {
                Expr h = norm.Apply(gru.Run(words.Of(g, Sentences[example(i)])));
                return Sum(MeanColumns(Softmax(tag.Apply(h)))) + Sum(h) * 0.1;
            };
        }

        using var longest = new Network(model => Encoder(_ => 3, model));
        using var all = new Network(model => Encoder(i => i, model));
        longest.Run(1);
        all.Run(Sentences.Length);
        Assert.InRange(all.Launches, 1, longest.Launches + 9);
    }

    // Both writings over one set of parameters: values, gradients, and batched as one by one.
    private static void AreEqual(int examples, Func<IParameters, (Loss Matrix, Loss Loops)> writings)
    {
        NetworkAssert.EqualsOneByOne(model => One(writings(model).Matrix), examples);
        using var first = new Network(model => One(writings(model).Matrix));
        using var second = new Network(model => One(writings(model).Loops));
        var (values, gradients) = first.Run(examples);
        var (expected, expectedGradients) = second.Run(examples);
        for (int i = 0; i < examples; i++)
            NetworkAssert.Close(expected[i], values[i], 1e-11, $"value of example {i}");

        foreach (var (name, gradient) in expectedGradients)
            NetworkAssert.Close(gradient, gradients[name], 1e-11, $"gradient of {name}");

        static Func<Graph, int, Expr> One(Loss loss) => (g, i) => loss(g, i);
    }

    private static int[] WordsOf(int tree) => [.. Enumerable.Range(0, Trees[tree].Left.Count(child => child < 0)).Select(leaf => (leaf + tree) % Vocabulary)];

    private static List<LstmState> StatesOf(TreeLstm tree, Embedding words, Graph g, int example)
    {
        var (left, right) = Trees[example];
        int[] leaves = WordsOf(example);
        var states = new LstmState?[left.Length];
        for (int node = 0; node < left.Length; node++)
            StateOf(node);

        return [.. states.Select(state => state!.Value)];

        LstmState StateOf(int node) => states[node] ??= left[node] < 0
            ? tree.Leaf(words.Of(g, leaves[left[..node].Count(child => child < 0)]))
            : tree.Node(StateOf(left[node]), StateOf(right[node]));
    }

    private static double[] Numbers(int seed, int vectors)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, vectors * Inputs).Select(_ => random.NextDouble() - 0.5)];
    }
}
