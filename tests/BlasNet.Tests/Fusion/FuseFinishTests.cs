using BlasNet.Fusion;
using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Fusion;

/// <summary>Which functions a product applies to its result itself, and what comes of it.</summary>
public sealed class FuseFinishTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Graph _graph;
    private readonly Expr _w, _b, _x;

    public FuseFinishTests()
    {
        _graph = _model.NewGraph();
        (_x, _w, _b) = (_graph.Input([1f, 2f]), _graph.Use(_model.Weight("W", 3, 2)), _graph.Use(_model.Bias("b", 3)));
    }

    public static TheoryData<Precision, GemmKernels, int, int, int> Sizes()
    {
        var data = new TheoryData<Precision, GemmKernels, int, int, int>();
        foreach (GemmKernels kernels in new[] { GemmKernels.Packed, GemmKernels.Auto })
        {
            // Rows, inner steps, columns: of one tile and many, of parts of panels, and of several blocks of inner steps.
            foreach ((int m, int k, int n) in new[] { (1, 3, 1), (5, 7, 3), (32, 40, 14), (33, 64, 15), (100, 33, 45), (70, 5000, 30), (300, 8, 513) })
            {
                data.Add(Precision.Single, kernels, m, k, n);
                data.Add(Precision.Double, kernels, m, k, n);
            }
        }

        return data;
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void A_product_ends_with_the_function_of_its_sum_with_a_bias() => Assert.Equal(
        """
        %0 = input : [2]
        W = parameter : [3 × 2]
        b = parameter : [3]
        %3 = affine-gelu W %0 b : [3]
        """, Fused(Gelu(_b + MatMul(_w, _x))));

    [Fact]
    public void A_function_of_a_number_keeps_it() => Assert.Equal(
        """
        %0 = input : [2]
        W = parameter : [3 × 2]
        b = parameter : [3]
        %3 = matmul-scale(0.25) W %0 : [3]
        """, Fused(Scale(MatMul(_w, _x), 0.25)));

    [Fact]
    public void What_others_read_stays()
    {
        Expr product = MatMul(_w, _x), sum = product + _b;
        AssertUnchanged(Gelu(sum), product);
    }

    [Fact]
    public void A_sum_that_is_wanted_too_still_starts_from_its_bias()
    {
        Expr sum = MatMul(_w, _x) + _b;
        Assert.EndsWith("%4 = tanh %3 : [3]", Fused(Tanh(sum), sum), StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_that_goes_on_is_left_whole() => AssertUnchanged(Gelu(MatMul(_w, _x) + _b) * _graph.Input([1f, 2f, 3f]));

    // Against the sums written out; twice as a batch, so that the second product has its weights packed.
    [Theory, MemberData(nameof(Sizes))]
    public void The_function_is_applied_once_to_every_element(Precision precision, GemmKernels kernels, int m, int k, int n)
    {
        using var model = new Model(seed: m + k, precision);
        Parameter w = model.Weight("W", m, k), b = model.Bias("b", m, Initializer.Normal());
        var random = new Random(n);
        double[][] columns = [.. Enumerable.Range(0, n).Select(_ => Enumerable.Range(0, k).Select(_ => (double)(float)(random.NextDouble() - 0.5)).ToArray())];
        var evaluator = new Evaluator<double[]>(
            model, (graph, x) => Tanh(MatMul(graph.Use(w), graph.Input(x, new Shape(k))) + graph.Use(b)), new ComputeOptions { Kernels = kernels, Threads = 2 })
        {
            ComputeBatch = n,
        };
        (double[] weight, double[] bias) = (new double[m * k], new double[m]);
        model.CopyValues(w, weight);
        model.CopyValues(b, bias);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        double tolerance = (precision == Precision.Single ? 1e-7 : 1e-15) * (10 + k);
        for (int time = 0; time < 2; time++)
        {
            if (precision == Precision.Single)
                evaluator.Run(columns, (example, values) => Check(example, [.. values.ToArray().Select(value => (double)value)]), cancellation);
            else
                evaluator.RunDouble(columns, (example, values) => Check(example, values.ToArray()), cancellation);
        }

        void Check(int example, double[] values)
        {
            for (int row = 0; row < m; row++)
            {
                double sum = bias[row] + columns[example].Select((x, j) => weight[(j * m) + row] * x).Sum();
                Assert.Equal(Math.Tanh(sum), values[row], tolerance);
            }
        }
    }

    private string Fused(params Expr[] outputs) => Run(outputs).Target.ToText().Trim();

    private void AssertUnchanged(params Expr[] outputs) => Assert.Same(_graph, Run(outputs).Target);

    private Fuse Run(Expr[] outputs)
    {
        var fuse = new Fuse(new Graph(_graph.Precision));
        fuse.Run(_graph, [.. outputs.Select(output => output.Index), -1]);
        return fuse;
    }
}
