using BlasNet.Graphs;
using BlasNet.Layers;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Layers;

/// <summary>Models over lattices, grids and graphs, whose nodes have several users: batched equals unbatched.</summary>
public sealed class GraphModelTests
{
    private const int Size = 3, Words = 9;

    // Edges (from, to, word) of directed acyclic graphs from node 0 to the last; words of one to three letters over the same text.
    private static readonly (int From, int To, int Word)[][] Lattices =
    [
        [(0, 1, 0)],
        [(0, 1, 0), (1, 2, 1), (0, 2, 2)],
        [(0, 1, 3), (1, 2, 4), (2, 3, 5), (0, 2, 6), (1, 3, 7), (0, 3, 8)],
        [(0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 4, 1), (0, 3, 2), (1, 4, 2)],
    ];

    // Undirected edges; the last graph has a node of degree 6 and one of degree 0.
    private static readonly (int Nodes, (int A, int B)[] Edges)[] Graphs =
    [
        (1, []),
        (2, [(0, 1)]),
        (4, [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]),
        (8, [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0, 6), (1, 2)]),
    ];

    /// <summary>An LSTM along the edges; where edges meet, their states are averaged.</summary>
    [Theory, InlineData(1), InlineData(4)]
    public void An_lstm_over_the_edges_of_lattices(int examples) => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var (embedding, lstm) = (new Embedding(model, "words", Size, Words), new Lstm(model, "lstm", Size, 4));
            return (g, example) =>
            {
                var states = new List<LstmState?> { null };
                int last = Lattices[example].Max(edge => edge.To);
                for (int node = 1; node <= last; node++)
                {
                    LstmState[] arriving = [.. Lattices[example].Where(edge => edge.To == node).Select(edge => embedding.Of(g, edge.Word) is var x
                        && states[edge.From] is { } state ? lstm.Step(x, state) : lstm.Start(x))];
                    states.Add(new LstmState(Mean([.. arriving.Select(state => state.H)]), Mean([.. arriving.Select(state => state.C)])));
                }

                return states[^1]!.Value.H;
            };
        },
        examples);

    /// <summary>Every cell of a grid sees the cell above and the cell on its left.</summary>
    [Theory, InlineData(1), InlineData(4)]
    public void A_two_dimensional_grid_lstm(int examples) => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var (embedding, cell) = (new Embedding(model, "words", Size, Words), new TreeLstm(model, "grid", Size, 4));
            return (g, example) =>
            {
                var (rows, columns) = (1 + example, 4 - example / 2);
                var border = new LstmState(g.Constant(new double[4], new Shape(4)), g.Constant(new double[4], new Shape(4)));
                var above = new LstmState[columns];
                Array.Fill(above, border);
                for (int row = 0; row < rows; row++)
                {
                    LstmState left = border;
                    for (int column = 0; column < columns; column++)
                        above[column] = left = cell.Node(embedding.Of(g, (3 * row + column) % Words), left, above[column]);
                }

                return above[^1].H;
            };
        },
        examples);

    /// <summary>Three rounds of messages; a node receives the sum over its neighbours, however many they are.</summary>
    [Theory, InlineData(1), InlineData(4)]
    public void A_graph_network_with_any_degree(int examples) => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var embedding = new Embedding(model, "nodes", Size, Words);
            var (message, update) = (new Linear(model, "message", Size, Size), new Gru(model, "update", Size, Size));
            return (g, example) =>
            {
                var (nodes, edges) = Graphs[example];
                Expr[] states = [.. Enumerable.Range(0, nodes).Select(node => embedding.Of(g, node))];
                Expr none = g.Constant(new double[Size], new Shape(Size));
                for (int round = 0; round < 3; round++)
                {
                    Expr[] messages = [.. states.Select(state => Relu(message.Apply(state)))];
                    states = [.. states.Select((state, node) => update.Step(Received(node).Aggregate(none, (sum, term) => sum + term), state))];

                    IEnumerable<Expr> Received(int node) =>
                        edges.Where(edge => edge.A == node || edge.B == node).Select(edge => messages[edge.A == node ? edge.B : edge.A]);
                }

                return states.Aggregate((sum, state) => sum + state);
            };
        },
        examples);

    /// <summary>Each value is a cell of two random earlier ones: chains, diamonds and values that are never used.</summary>
    [Fact]
    public void Random_directed_acyclic_graphs() => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var (embedding, cell) = (new Embedding(model, "words", Size, Words), new Gru(model, "cell", Size, Size));
            return (g, example) =>
            {
                var random = new RandomNumbers((ulong)example, "graph");
                List<Expr> values = [embedding.Of(g, example % Words), embedding.Of(g, 3)];
                for (int i = 0; i < 5 + 3 * example; i++)
                    values.Add(cell.Step(Earlier(), Earlier()));

                return values[^1] + values[^2];

                Expr Earlier() => values[(int)(random.NextUniform() * values.Count)];
            };
        },
        examples: 8);

    private static Expr Mean(Expr[] terms) => terms.Aggregate((sum, term) => sum + term) / terms.Length;
}
