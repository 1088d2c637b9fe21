using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Tests.Contracts;

/// <summary>Every operator, over operands of any size and with any attribute: a value of a shape that is one, or an error by its name. Nothing is computed.</summary>
public sealed class OperatorSizeTests : OperatorTests
{
    private static readonly int[] Sizes = [1, 1, 2, 3, 5, 1 << 10, 46341, 1 << 16, 1 << 20, 1 << 30, int.MaxValue];
    private static readonly int[] Extremes = [int.MinValue, int.MinValue + 1, -(1 << 30), -3, -1, 0, 1, 2, 3, 5, 1 << 16, 1 << 20, 1 << 30, int.MaxValue - 1, int.MaxValue];

    [Theory, MemberData(nameof(StackableSamples))]
    public void Any_sizes_and_attributes_make_a_value_or_an_error_that_names_operator_and_inputs(string name)
    {
        OperatorSample sample = Sample(name);
        if (sample.Operator.HasMoves)
            return;

        Random random = SeedOf(name);
        var (_, known) = sample.Single(new Graph(Precision.Double), sample.Draw(random));
        int made = 0;
        for (int trial = 0; trial < 500; trial++)
        {
            var graph = new Graph(Precision.Double);
            Expr[] inputs = [.. known.Graph.InputsOf(known.Index).ToArray().Select((input, k) => Leaf(graph, ShapeLike(known.Graph.ShapeOf(input)), k))];
            long attribute = random.Next(3) > 0 ? known.Graph.AttributeOf(known.Index) : (long)Extreme() << 32 | (uint)Extreme();
            Expr y;
            try
            {
                y = Expr.Apply(sample.Operator, inputs, attribute);
            }
            catch (ShapeException e)
            {
                Assert.StartsWith($"{sample.Operator.Name}: ", e.Message, StringComparison.Ordinal);
                Assert.Contains("Inputs: a_in [", e.Message, StringComparison.Ordinal);
                continue;
            }

            made++;
            Assert.Equal((long)y.Shape.Rows * y.Shape.Columns, y.Shape.Size);
            Assert.True(y.Shape.Rows > 0 && y.Shape.Columns > 0);
            Expr[] targets = [.. inputs.Where((_, k) => k < sample.Inputs.Length && sample.Inputs[k].IsDifferentiable)];
            Expr[] gradients = Differentiate(Op.Sum(y), targets);
            Assert.Equal(targets.Select(target => target.Shape), gradients.Select(gradient => gradient.Shape));
        }

        Assert.True(made > 0, "No trial fitted.");

        // Those of the sample, or others.
        Shape ShapeLike(Shape shape)
        {
            if (random.Next(2) == 0)
                return shape;

            int rows = Sizes[random.Next(Sizes.Length)], columns = random.Next(2) == 0 ? 1 : Sizes[random.Next(Sizes.Length)];
            return (long)rows * columns <= int.MaxValue ? new Shape(rows, columns) : shape;
        }

        int Extreme() => Extremes[random.Next(Extremes.Length)];
    }

    // Has a shape, but no numbers.
    private static Expr Leaf(Graph graph, Shape shape, int input) =>
        graph.At(graph.AppendStack(InputOperator.Instance, 0, [], shape, 1, shared: false)).Named(OperatorSample.NameOf(input));
}
