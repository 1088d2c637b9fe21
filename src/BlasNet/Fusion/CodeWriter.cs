using System.Reflection;
using System.Reflection.Emit;

namespace BlasNet.Fusion;

/// <summary>Instructions of a method, one after another; all numbers are native integers.</summary>
/// <param name="il">Receives them.</param>
internal sealed class CodeWriter(ILGenerator il)
{
    public LocalBuilder NewLocal(Type type) => il.DeclareLocal(type);

    public Label NewLabel() => il.DefineLabel();

    public CodeWriter Mark(Label label)
    {
        il.MarkLabel(label);
        return this;
    }

    public CodeWriter Argument(int argument) => Emit(OpCodes.Ldarg, (short)argument);

    public CodeWriter SetArgument(int argument) => Emit(OpCodes.Starg, (short)argument);

    public CodeWriter Number(int number)
    {
        il.Emit(OpCodes.Ldc_I4, number);
        return Emit(OpCodes.Conv_I);
    }

    public CodeWriter Number(double number)
    {
        il.Emit(OpCodes.Ldc_R8, number);
        return this;
    }

    public CodeWriter Value(LocalBuilder local)
    {
        il.Emit(OpCodes.Ldloc, local);
        return this;
    }

    public CodeWriter AddressOf(LocalBuilder local)
    {
        il.Emit(OpCodes.Ldloca, local);
        return this;
    }

    public CodeWriter Set(LocalBuilder local)
    {
        il.Emit(OpCodes.Stloc, local);
        return this;
    }

    public CodeWriter Add() => Emit(OpCodes.Add);

    public CodeWriter Subtract() => Emit(OpCodes.Sub);

    public CodeWriter Multiply() => Emit(OpCodes.Mul);

    public CodeWriter Min() => Call(((Func<nint, nint, nint>)Math.Min).Method);

    /// <summary>The pointer or integer at an address.</summary>
    public CodeWriter Read() => Emit(OpCodes.Ldind_I);

    public CodeWriter Call(MethodInfo method)
    {
        il.Emit(OpCodes.Call, method);
        return this;
    }

    /// <summary>Goes to a label: always, or by a comparison of what is on the stack.</summary>
    public CodeWriter Jump(OpCode condition, Label label)
    {
        il.Emit(condition, label);
        return this;
    }

    public void Return() => il.Emit(OpCodes.Ret);

    private CodeWriter Emit(OpCode code)
    {
        il.Emit(code);
        return this;
    }

    private CodeWriter Emit(OpCode code, short argument)
    {
        il.Emit(code, argument);
        return this;
    }
}
