namespace BlasNet.Tests.Oracle;

/// <summary>Constants, which are the same for all examples.</summary>
internal static class Constants
{
    // Among them those that operators and gradients bring.
    private static readonly double[] Numbers = [0.0, -0.0, 1, 1, 2, 2, -1, 0.25];

    /// <summary>Adds some or none to a draft.</summary>
    public static void Write(Draft draft, Shape shape)
    {
        int choice = draft.Next(12);
        if (choice is 0 or 1 or 2)
            draft.Take(Operations.Constant, new Step { Shape = shape, Data = [.. Enumerable.Range(0, shape.Size).Select(_ => Number(draft.Next))] });

        if (choice is 2 or 3 or 5 or 6 or 7)
            draft.Take(Operations.Constant, new Step { Shape = Shape.Scalar, Data = [Number(draft.Next)] });

        if (choice is 4 or 8)
        {
            double zero = draft.Next(2) == 0 ? 0.0 : -0.0;
            draft.Take(Operations.SignOfZero, new Step { Factor = zero });
            draft.Take(Operations.SignOfZero, new Step { Factor = -zero });
        }
    }

    public static double[] Data(Random random, Shape shape) => [.. Enumerable.Range(0, shape.Size).Select(_ => Number(random.Next))];

    private static double Number(Func<int, int> next) => Numbers[next(Numbers.Length)];
}
