using BlasNet.Batching;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Batching;

/// <summary>What can be computed as one stack, and what cannot.</summary>
public sealed class SignatureTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Parameter _w, _v, _bias;
    private readonly ValueNumbering _numbering = new();
    private readonly Signatures _signatures = new();
    private readonly Graph _graph;

    public SignatureTests()
    {
        (_w, _v, _bias) = (_model.Weight("W", 2, 2), _model.Weight("V", 2, 2), _model.Bias("b", 2));
        _graph = _model.NewGraph();
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Products_with_one_weight_merge() => AssertMerge(_w * Input(2), _w * Input(2));

    [Fact]
    public void Products_with_two_weights_do_not_merge() => AssertApart(_w * Input(2), _v * Input(2));

    [Fact]
    public void Values_of_two_lengths_do_not_merge() => AssertApart(Op.Tanh(Input(2)), Op.Tanh(Input(3)));

    [Fact]
    public void Nodes_with_two_attributes_do_not_merge() => AssertApart(Op.Slice(Input(2), 0, 1), Op.Slice(Input(2), 1, 1));

    [Fact]
    public void A_shared_operand_and_a_stacked_one_do_not_merge() => AssertApart(Input(2) + _bias, Input(2) + Input(2));

    [Fact]
    public void Products_with_one_weight_merge_whatever_their_numbers_of_columns()
    {
        AssertMerge(_w * Input(2), _w * Input(2, columns: 3), _w * Input(2, columns: 5));

        Assert.True(_signatures.IsColumnWise(0));
    }

    /// <summary>So many that the table in which signatures are looked for grows while they are found.</summary>
    [Fact]
    public void Thousands_of_signatures_are_found_again()
    {
        const int Signatures = 3200;
        for (int columns = 1; columns <= 2; columns++)
        {
            Expr x = Input(1, columns);
            for (int i = 1; i <= Signatures; i++)
                Op.Elu(x, i);
        }

        _numbering.Run(_graph);
        _signatures.Run(_graph, _numbering);

        Assert.Equal(Signatures, _signatures.Count);
        Assert.Equal(Enumerable.Range(0, 2 * Signatures).Select(value => value % Signatures), _signatures.OfValues.ToArray());
    }

    [Fact]
    public void Sums_merge_whatever_their_numbers_of_terms()
    {
        Expr a = Input(2), b = Input(2), c = Input(2);
        AssertMerge(Op.Total(a, b), Op.Total(a, b, c));
    }

    [Fact]
    public void Terms_of_one_sum_merge_and_others_do_not()
    {
        Expr Term() => _graph.At(_graph.Append(OuterProductSum, 0, [Op.Tanh(Input(2)).Index, Input(2).Index]));
        Expr first = Term(), second = Term(), third = Term(), readTwice = Term();
        Op.Total(first, second, readTwice);
        Op.Total(third, readTwice);

        Run();

        Assert.Equal(Of(first), Of(second));
        Assert.Equal(3, new[] { Of(first), Of(third), Of(readTwice) }.Distinct().Count());
    }

    private static Operator OuterProductSum => OuterProductOperator.Summed;

    private Expr Input(int rows, int columns = 1) => _graph.Input(new float[rows * columns], new Shape(rows, columns));

    private void AssertMerge(params Expr[] nodes)
    {
        Run();
        Assert.All(nodes, node => Assert.Equal(Of(nodes[0]), Of(node)));
    }

    private void AssertApart(params Expr[] nodes)
    {
        Run();
        Assert.Distinct(nodes.Select(Of));
    }

    private void Run()
    {
        _numbering.Run(_graph);
        _signatures.Run(_graph, _numbering);
    }

    private int Of(Expr node) => _signatures.OfValues[_numbering.Values[node.Index]];
}
