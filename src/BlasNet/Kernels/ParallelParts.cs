using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace BlasNet.Kernels;

/// <summary>Runs the parts of one piece of work at the same time, on the threads of <see cref="ComputeThreads"/>; matrix products within a part are
/// not divided any further, so that there is one level of parallelism and one pool.</summary>
internal sealed unsafe class ParallelParts
{
    private Action<int> _body = _ => { };
    private Exception?[] _errors = [];

    /// <summary>A number of threads that somebody asks for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1 or above 256.</exception>
    public static int Checked(int value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 256);
        return value;
    }

    /// <summary>Calls <paramref name="body"/> for every part in [0, parts), part 0 on the calling thread, and returns when all are done. Allocates nothing
    /// if the delegate is kept.</summary>
    /// <param name="parts">Number of parts.</param>
    /// <param name="body">Takes a part's number.</param>
    /// <param name="takeBack">Whether the caller does what a thread has not begun when it is done with its own part: for parts that are short, and leave
    /// nothing in their thread's memory.</param>
    /// <exception cref="Exception">What the first of the parts threw that threw something.</exception>
    public void Run(int parts, Action<int> body, bool takeBack = false)
    {
        if (_errors.Length < parts)
            _errors = new Exception?[parts];

        _body = body;
        GCHandle handle = GCHandle.Alloc(this);
        try
        {
            ComputeThreads.Run(parts, &RunPart, (void*)GCHandle.ToIntPtr(handle), takeBack);
        }
        finally
        {
            handle.Free();
        }

        for (int part = 0; part < parts; part++)
        {
            if (_errors[part] is not { } error)
                continue;

            Array.Clear(_errors);
            ExceptionDispatchInfo.Throw(error);
        }
    }

    private static void RunPart(void* state, int part)
    {
        var parts = (ParallelParts)GCHandle.FromIntPtr((nint)state).Target!;
        bool outer = ComputeThreads.IsPart;
        ComputeThreads.IsPart = true;
        try
        {
            parts._body(part);
        }
        catch (Exception e)
        {
            parts._errors[part] = e;
        }
        finally
        {
            ComputeThreads.IsPart = outer;
        }
    }
}
