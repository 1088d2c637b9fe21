using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;
using BlasNet.Training;

namespace BlasNet.Tests.Graphs;

/// <summary>Graphs as they are built.</summary>
public sealed class GraphTests
{
    [Fact]
    public void A_second_thread_that_adds_to_a_graph_gets_an_error()
    {
        var graph = new Graph(Precision.Double);
        Expr x = graph.Input([1.0, 2.0]);
        Action[] additions =
        [
            () => graph.Input(1.0), () => graph.Index(1), () => graph.Constant(2.0), () => graph.Constant([1.0, 2.0], new Shape(2)),
            () => Op.Tanh(x), () => _ = x + x, () => Op.Total([x, x, x]), () => Op.Concatenate(x, x),
        ];
        int nodes = graph.Count;
        foreach (Action addition in additions)
            Assert.Contains("built by thread", Assert.IsType<InvalidOperationException>(OtherThread.Start(addition).End()).Message, StringComparison.Ordinal);

        Assert.Equal(nodes, graph.Count);
        Assert.Equal(nodes + 1, (x + graph.Input([1.0, 1.0])).Index);   // its own thread goes on
        OtherThread.Start(graph.Clear).Join();
        Assert.Throws<InvalidOperationException>(() => graph.Input(1.0));   // the other thread's now
    }

    /// <summary>However many other types have come between.</summary>
    [Fact]
    public void Nodes_of_one_operator_and_inputs_of_one_type_have_one_type()
    {
        using var model = new Model(1, Precision.Double);
        var pair = Function.Of("pair", (Expr x) => (Op.Tanh(x), Op.Sum(x)));
        Graph graph = model.NewGraph();
        AddAll();
        int types = graph.TypeCount, nodes = graph.Count;
        AddAll();
        Assert.Equal(types, graph.TypeCount);
        for (int node = 0; node < nodes; node++)
            Assert.Equal(graph.TypeNumberOf(node), graph.TypeNumberOf(node + nodes));

        void AddAll()
        {
            for (int size = 1; size <= 300; size++)
            {
                Expr x = graph.Input(new double[size]);
                Op.Sum(Op.Multiply(Op.Tanh(x), x));
                pair.Call(x);
                graph.Input(new double[2 * size], new Shape(2, size));
                graph.Index(size);
            }
        }
    }

    /// <summary>A vector of an example's own meets its matrix in a GEMV; several, or a stack of them under one matrix, in a GEMM.</summary>
    [Fact]
    public void Products_are_counted_by_what_computes_them()
    {
        using var model = new Model(1);
        Parameter w = model.Weight("W", 3, 2);
        Graph graph = model.NewGraph();
        Expr x = graph.Input([1.0, 2]), y = graph.Input([3.0, 4]);
        Expr own = graph.Input(new double[4], new Shape(2, 2)), other = graph.Input(new double[4], new Shape(2, 2));
        Assert.Equal(new ProductCount(0, 0), Op.Tanh(x).Graph.CountProducts());
        Op.MatMul(graph.Use(w), x);
        Assert.Equal(new ProductCount(1, 0), graph.CountProducts());
        Op.MatMul(graph.Use(w), y);
        Assert.Equal(new ProductCount(2, 0), graph.CountProducts());
        Assert.Equal(new ProductCount(0, 1), graph.Batch().Graph.CountProducts());
        Op.MatMul(own, x);
        Op.MatMul(other, y);
        Assert.Equal(new ProductCount(4, 0), graph.CountProducts());
        Assert.Equal(new ProductCount(2, 1), graph.Batch().Graph.CountProducts());   // each has a matrix of its own
        Op.MatMul(graph.Use(w), own);
        Assert.Equal(new ProductCount(4, 1), graph.CountProducts());
        Op.MatMul(own, other);
        Assert.Equal(new ProductCount(4, 2), graph.CountProducts());
    }

    [Fact]
    public void A_loss_that_builds_its_graph_on_several_threads_is_an_error()
    {
        using var model = new Model(1);
        Parameter w = model.Weight("w", 1, 2);
        var trainer = new Trainer<int>(model, (g, x) =>
        {
            Exception? error = OtherThread.Start(() => g.Input([1f, x])).End();
            return error is null ? w * g.Input([1f, x]) : throw error;
        }, new Sgd(0.1));

        Assert.Throws<InvalidOperationException>(() => trainer.Step([1, 2]));
    }

    [Fact]
    public void Equal_constants_are_one_node_compared_bit_for_bit()
    {
        foreach (Precision precision in new[] { Precision.Single, Precision.Double })
        {
            var graph = new Graph(precision);
            Expr first = graph.Constant([1.0, 0.0, double.NaN], new Shape(3));
            Expr other = graph.Constant([1.0, -0.0, double.NaN], new Shape(3));
            Expr shaped = graph.Constant([1.0, 0.0, double.NaN], new Shape(1, 3));

            Assert.Equal(first, graph.Constant([1.0, 0.0, double.NaN], new Shape(3)));
            Assert.Equal(first, graph.Constant([1f, 0f, float.NaN], new Shape(3)));
            Assert.Equal(3, new HashSet<Expr> { first, other, shaped }.Count);
            Assert.Equal((3, 3 * 3 * precision.ElementBytes()), (graph.Count, graph.Data.Bytes));
            graph.Clear();
            Assert.Equal(0, graph.Constant([1.0, 0.0, double.NaN], new Shape(3)).Index);
        }
    }

    /// <summary>Also where the lists just fill their memory.</summary>
    [Fact]
    public void A_fingerprint_is_of_all_numbers_of_the_lists()
    {
        for (int length = 1; length <= 130; length++)
        {
            int[] list = [.. Enumerable.Range(5, length)];
            ulong fingerprint = FingerprintOf(list);
            Assert.Equal(fingerprint, FingerprintOf([.. list]));
            for (int place = 0; place < length; place++)
                Assert.NotEqual(fingerprint, FingerprintOf([.. list[..place], 1, .. list[(place + 1)..]]));
        }

        static ulong FingerprintOf(int[] list)
        {
            var graph = new Graph(Precision.Double);
            graph.AddList(list);
            return graph.Fingerprint();
        }
    }
}
