using BlasNet.Graphs;

namespace BlasNet.Tests.Contracts;

/// <summary>A stack of n values is n single values, whichever operands are shared.</summary>
public sealed class OperatorStackTests : OperatorTests
{
    private const int Examples = 3;
    private const double Tolerance = 1e-13;   // products may add in another order

    [Theory, MemberData(nameof(StackableSamples))]
    public void A_stack_equals_one_by_one(string name) => ForEachSharing(name, (sample, examples, shared) =>
    {
        var graph = new Graph(Precision.Double);
        Expr output = sample.Stack(graph, examples, shared).Output;
        using var evaluator = new DirectEvaluator<double>(graph);
        AssertClose(OneByOne(sample, examples, shared), evaluator[output], Tolerance, Describe(name, shared));
    });

    [Theory, MemberData(nameof(StackableSamples))]
    public void The_gradient_of_a_stack_equals_one_by_one(string name) => ForEachSharing(name, (sample, examples, shared) =>
    {
        var graph = new Graph(Precision.Double);
        var (inputs, output) = sample.Stack(graph, examples, shared);
        double[] weights = Weights(new Random(5), output.Shape.Size * output.Count);
        int[] targets = [.. Enumerable.Range(0, inputs.Length).Where(k => sample.Inputs[k].IsDifferentiable)];
        Expr[] gradients = Differentiate(WeightedSum(output, weights), [.. targets.Select(k => inputs[k])]);
        using var evaluator = new DirectEvaluator<double>(graph);

        var expected = targets.Select(k => new double[graph.LengthOf(inputs[k].Index)]).ToArray();
        for (int i = 0; i < Examples; i++)
        {
            var single = new Graph(Precision.Double);
            var (singleInputs, singleOutput) = sample.Single(single, ExampleOf(examples, shared, i), shared);
            int size = singleOutput.Shape.Size;
            Expr loss = WeightedSum(singleOutput, output.Count == 1 ? weights : weights[(i * size)..((i + 1) * size)]);
            Expr[] singleGradients = Differentiate(loss, [.. targets.Select(k => singleInputs[k])]);
            using var singleEvaluator = new DirectEvaluator<double>(single);
            for (int t = 0; t < targets.Length; t++)
            {
                int start = shared[targets[t]] ? 0 : i * sample.Inputs[targets[t]].Shape.Size;
                foreach (double value in singleEvaluator[singleGradients[t]])
                    expected[t][start++] += value;
            }
        }

        for (int t = 0; t < targets.Length; t++)
            AssertClose(expected[t], evaluator[gradients[t]], Tolerance, $"{Describe(name, shared)}, input {targets[t]}");
    });

    /// <summary>Where an operator says that columns are independent, c·n vectors must give what n values [r × c] give.</summary>
    [Theory, MemberData(nameof(StackableSamples))]
    public void An_operator_that_works_column_by_column_may_be_given_vectors(string name) => ForEachSharing(name, (sample, examples, shared) =>
    {
        Shape[] shapes = [.. sample.Inputs.Select(input => input.Shape)];
        if (!sample.Operator.IsColumnWise(shapes, shared))
            return;

        var graph = new Graph(Precision.Double);
        Expr output = sample.Stack(graph, examples, shared).Output;

        var vectors = new Graph(Precision.Double);
        int columns = sample.Inputs.Where((_, k) => !shared[k]).Max(input => input.Shape.Columns);
        Expr[] inputs = [.. sample.Inputs.Select((input, k) => new SampleInput(shared[k] ? input.Shape : new Shape(input.Shape.Rows), input.Numbers)
            .AddTo(
                vectors, $"x{k}", shared[k],
                shared[k] ? [examples[0][k]] : [.. examples.SelectMany(example => Columns(example[k], input.Shape, columns))]))];
        long attribute = sample.Operator.ColumnAttribute(graph.AttributeOf(output.Index));
        int node = graph.InputsOf(output.Index).Length == inputs.Length
            ? vectors.Append(sample.Operator, attribute, [.. inputs.Select(input => input.Index)])
            : sample.Build(inputs).Index;   // which adds what else it needs

        using var expected = new DirectEvaluator<double>(graph);
        using var actual = new DirectEvaluator<double>(vectors);
        Assert.Equal(graph.LengthOf(output.Index), vectors.LengthOf(node));
        AssertClose(expected[output], actual[vectors.At(node)], Tolerance, Describe(name, shared));
    });

    // One that has a single column has it for all.
    private static IEnumerable<double[]> Columns(double[] value, Shape shape, int columns) =>
        shape.Columns == columns ? value.Chunk(shape.Rows) : Enumerable.Repeat(value, columns);

    [Theory, MemberData(nameof(Samples))]
    public void An_operator_that_can_accumulate_adds_to_its_output(string name)
    {
        OperatorSample sample = Sample(name);
        if (!sample.Operator.Traits.CanAccumulate && sample.Operator.Storage != Storage.Accumulator)
            return;

        var graph = new Graph(Precision.Double);
        Expr output = sample.Single(graph, sample.Draw(SeedOf(name))).Output;
        using var evaluator = new DirectEvaluator<double>(graph);
        double[] twice = [.. evaluator[output].ToArray().Select(value => value * 2)];
        evaluator.Accumulate(output);
        AssertClose(twice, evaluator[output], Tolerance, name);
    }

    [Theory, MemberData(nameof(StackableSamples))]
    public void An_operator_that_works_in_place_may_overwrite_any_operand_of_its_size(string name) => ForEachSharing(name, (sample, examples, shared) =>
    {
        if (sample.Operator.Storage != Storage.InPlace)
            return;

        double[] expected = OneByOne(sample, examples, shared);
        for (int k = 0; k < sample.Inputs.Length; k++)
        {
            var graph = new Graph(Precision.Double);
            var (inputs, output) = sample.Stack(graph, examples, shared);
            if (graph.LengthOf(inputs[k].Index) != graph.LengthOf(output.Index))
                continue;

            using var evaluator = new DirectEvaluator<double>(graph);
            evaluator.RunInPlace(output, inputs[k]);
            AssertClose(expected, evaluator[output], Tolerance, $"{Describe(name, shared)} over input {k}");
        }
    });

    [Theory, MemberData(nameof(StackableSamples))]
    public void Single_precision_gives_what_double_precision_gives(string name)
    {
        OperatorSample sample = Sample(name);
        double[][] values = [.. sample.Draw(SeedOf(name)).Select(value => value.Select(x => (double)(float)x).ToArray())];
        var (singles, doubles) = (new Graph(Precision.Single), new Graph(Precision.Double));
        Expr actual = sample.Single(singles, values).Output, expected = sample.Single(doubles, values).Output;
        using var singleEvaluator = new DirectEvaluator<float>(singles);
        using var doubleEvaluator = new DirectEvaluator<double>(doubles);
        AssertClose(doubleEvaluator[expected], [.. singleEvaluator[actual].ToArray().Select(value => (double)value)], 2e-6, name);
    }

    /// <summary>Every choice of shared operands that leaves one stacked; of a sum of stacks, which takes every value once, only the stacked one.</summary>
    private static void ForEachSharing(string name, Action<OperatorSample, double[][][], bool[]> check)
    {
        OperatorSample sample = Sample(name);
        Random random = SeedOf(name);
        double[][][] examples = [.. Enumerable.Range(0, Examples).Select(_ => sample.Draw(random))];
        int choices = sample.Operator.Merging == Merging.Reduction ? 1 : (1 << sample.Inputs.Length) - 1;
        for (int choice = 0; choice < choices; choice++)
            check(sample, examples, [.. Enumerable.Range(0, sample.Inputs.Length).Select(k => (choice >> k & 1) != 0)]);
    }

    private static double[][] ExampleOf(double[][][] examples, bool[] shared, int i) =>
        [.. examples[i].Select((value, k) => shared[k] ? examples[0][k] : value)];

    // Of an operator that sums over the examples, the sum; of others, the values one after another.
    private static double[] OneByOne(OperatorSample sample, double[][][] examples, bool[] shared)
    {
        var results = new List<double[]>();
        for (int i = 0; i < Examples; i++)
        {
            var graph = new Graph(Precision.Double);
            Expr output = sample.Single(graph, ExampleOf(examples, shared, i)).Output;
            using var evaluator = new DirectEvaluator<double>(graph);
            results.Add(evaluator[output].ToArray());
        }

        return sample.Operator.Merging is Merging.Sum or Merging.Reduction
            ? [.. Enumerable.Range(0, results[0].Length).Select(j => results.Sum(result => result[j]))]
            : [.. results.SelectMany(result => result)];
    }

    private static string Describe(string name, bool[] shared) => $"{name} ({string.Join(", ", shared.Select(s => s ? "shared" : "stacked"))})";
}
