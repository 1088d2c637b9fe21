using System.Numerics;

namespace BlasNet.Tests.Oracle;

/// <summary>An act on what is of the element type's own: engines and their values.</summary>
internal abstract record TypedAct(IReadOnlyList<RandomExample> Examples) : Act(Examples)
{
    protected sealed override void Check(ProgramRun run, ExampleResult[] expected)
    {
        if (run.Program.Precision == Precision.Single)
            Check<float>(run, expected);
        else
            Check<double>(run, expected);
    }

    protected abstract void Check<T>(ProgramRun run, ExampleResult[] expected) where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}
