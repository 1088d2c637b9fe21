namespace BlasNet.Tests.Oracle;

/// <summary>Steps of any kind, one after another: operators, calls, derivatives.</summary>
/// <param name="draft">Where they are added.</param>
/// <param name="functions">Which functions there are.</param>
/// <param name="below">Which of them may be called.</param>
internal sealed class FreeSteps(Draft draft, FunctionPool functions, int below)
{
    public void Write(int count)
    {
        for (int i = 0; i < count; i++)
        {
            switch (draft.Next(16))
            {
                case 0 or 1 or 2:
                    Call();
                    break;
                case 4 or 5:
                    draft.Take(Operations.Recurrence);
                    break;
                case 3:
                    draft.Take(Operations.Derivatives[draft.Next(Operations.Derivatives.Count)]);
                    break;
                default:
                    draft.Take(Operations.All[draft.Next(Operations.All.Count)]);
                    break;
            }
        }
    }

    /// <summary>A call; sometimes the same once more, with equal arguments.</summary>
    public void Call()
    {
        bool twice = draft.Next(4) == 0;
        if (functions.Call(draft, below) is { } call && twice)
            draft.Take(null, call);
    }
}
