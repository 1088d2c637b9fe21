using BlasNet.Derivatives;
using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Tests.Oracle;

/// <summary>Products with the Jacobian of all outputs and with the Hessian of the losses' sum, by all parameters at once, written for the minibatch.</summary>
internal sealed record DeriveAct(IReadOnlyList<RandomExample> Examples, ComputeOptions Options) : TypedAct(Examples)
{
    protected override bool IsTraining => true;

    public override string ToString() => $"JacobianVector of all outputs and HessianVector of the sum of the losses by all parameters, {Options}";

    public override IEnumerable<Act> Simpler() => Simpler(Options).Select(simpler => this with { Options = simpler });

    protected override void Check<T>(ProgramRun run, ExampleResult[] expected)
    {
        double[][] direction = [.. run.Values().Select((values, i) => RandomProgram.Data(new Random(run.Program.Seed + i), values.Length))];
        EngineTool<T> tool = run.GetEngine<T>(Options);
        (tool.Graph.IsTraining, tool.Graph.RandomSeed) = (true, run.Program.Seed);
        tool.Graph.Clear();
        var outputs = new List<Expr>();
        var losses = new List<Expr>();
        for (int example = 0; example < Examples.Count; example++)
        {
            tool.Graph.BeginExample(example);
            ExampleValues values = run.Build(tool.Graph, Examples[example]);
            outputs.Add(values[Examples[example].Outputs[0]]);
            losses.Add(values[Examples[example].Loss].In(tool.Graph));
        }

        Expr[] parameters = [.. run.Parameters.Select(parameter => tool.Graph.Use(parameter))];
        Expr[] tangents = [.. direction.Select((values, i) => tool.Graph.Constant(values, run.Parameters[i].Shape))];
        Expr[] moved = ExprDerivatives.JacobianVector([.. outputs], parameters, tangents);
        Expr[] curved = Op.Total([.. losses]).HessianVector(parameters, tangents);
        tool.Engine.Prepare(tool.Graph, [.. moved, .. curved]);
        tool.Engine.Execute();

        double[][] hessian = Doubles.Like(direction);
        double scale = 1;
        for (int i = 0; i < expected.Length; i++)
        {
            var (jacobianVector, hessianVector) = Define(expected[i], Examples[i].Outputs[0], direction);
            Doubles.Add(hessian, hessianVector, 1);
            scale = Math.Max(scale, expected[i].Scale);
            run.Compare($"J·v of output {i}", jacobianVector, tool.Engine.ValueOf(i), expected[i].Loss.Tape.LargestMagnitude);
        }

        for (int i = 0; i < hessian.Length; i++)
            run.Compare($"H·v of {run.Parameters[i]}", hessian[i], tool.Engine.ValueOf(expected.Length + i), scale);
    }

    private static (double[] JacobianVector, double[][] HessianVector) Define(ExampleResult result, int output, double[][] direction)
    {
        Tape tape = result.Loss.Tape;
        Number[] inputs = [.. result.Parameters.SelectMany(x => x.Elements)];
        Number[] tangent = [.. direction.SelectMany(values => values).Select(tape.Number)];
        Number[] jacobianVector = tape.Tangents(inputs, tangent, result.Values[output].Elements);
        Number[] gradient = tape.Gradient([result.Loss], [tape.Number(1)], inputs);
        double[] hessianVector = [.. tape.Tangents(inputs, tangent, gradient).Select(x => x.Value)];
        int start = 0;
        return ([.. jacobianVector.Select(x => x.Value)], [.. direction.Select(Part)]);

        double[] Part(double[] like)
        {
            start += like.Length;
            return hessianVector[(start - like.Length)..start];
        }
    }
}
