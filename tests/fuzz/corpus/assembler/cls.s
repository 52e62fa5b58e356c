.program version=1.0 features=0x1 sbuf=47232 psum=8192
.entry first_stream=0 streams=5 variables=3 scalars=0 restartable

.stream tensor
     0:	load_stationary in0=sbuf/fp32/p0+27@64[8:1] compute=fp32 wait0=s5>=1
     1:	multiply_moving out=psum/fp32/p0+8@0[512:1] in0=sbuf/fp32/p0+27@38016[512:1] compute=fp32 wait0=s6>=1
     2:	multiply_moving out=psum/fp32/p0+8@2048[512:1] in0=sbuf/fp32/p0+27@40064[512:1] compute=fp32
     3:	multiply_moving out=psum/fp32/p0+8@4096[512:1] in0=sbuf/fp32/p0+27@42112[512:1] compute=fp32
     4:	multiply_moving out=psum/fp32/p0+8@6144[512:1] in0=sbuf/fp32/p0+27@44160[512:1] compute=fp32 signal=s0+1
     5:	load_stationary in0=sbuf/fp32/p0+27@64[8:1] compute=fp32
     6:	multiply_moving out=psum/fp32/p0+8@0[256:1] in0=sbuf/fp32/p0+27@46208[256:1] compute=fp32 wait0=s2>=1 signal=s0+1
     7:	load_stationary in0=sbuf/fp32/p0+8@64[8:1] compute=fp32 wait0=s5>=2
     8:	multiply_moving out=psum/fp32/p0+8@0[480:1] in0=sbuf/fp32/p0+8@128[480:1] compute=fp32
     9:	multiply_moving out=psum/fp32/p0+8@2048[480:1] in0=sbuf/fp32/p0+8@2048[480:1] compute=fp32
    10:	multiply_moving out=psum/fp32/p0+8@4096[480:1] in0=sbuf/fp32/p0+8@3968[480:1] compute=fp32
    11:	multiply_moving out=psum/fp32/p0+8@6144[480:1] in0=sbuf/fp32/p0+8@5888[480:1] compute=fp32 signal=s0+1
    12:	load_stationary in0=sbuf/fp32/p0+8@64[8:1] compute=fp32
    13:	multiply_moving out=psum/fp32/p0+8@0[384:1] in0=sbuf/fp32/p0+8@7808[384:1] compute=fp32 wait0=s2>=3 signal=s0+1
    14:	load_stationary in0=sbuf/fp32/p0+8@4736[2:1] compute=fp32 wait0=s5>=4
    15:	multiply_moving out=psum/fp32/p0+2@0[1:1] in0=sbuf/fp32/p0+8@64[1:1] compute=fp32 signal=s0+1
    16:	load_stationary in0=sbuf/fp32/p0+2@4736[8:1] compute=fp32 wait0=s5>=5
    17:	multiply_moving out=psum/fp32/p0+8@0[1:1] in0=sbuf/fp32/p0+2@64[1:1] compute=fp32 signal=s0+1
    18:	load_stationary in0=sbuf/fp32/p0+8@64[8:1] compute=fp32 wait0=s5>=6
    19:	multiply_moving out=psum/fp32/p0+8@0[512:1] in0=sbuf/fp32/p0+8@4736[512:1] compute=fp32 signal=s0+1
    20:	multiply_moving out=psum/fp32/p0+8@2048[512:1] in0=sbuf/fp32/p0+8@6784[512:1] compute=fp32 signal=s0+1
    21:	multiply_moving out=psum/fp32/p0+8@4096[128:1] in0=sbuf/fp32/p0+8@8832[128:1] compute=fp32 signal=s0+1
    22:	load_stationary in0=sbuf/fp32/p0+8@4672[24:1] compute=fp32 wait0=s5>=7
    23:	multiply_moving out=psum/fp32/p0+24@0[480:1] in0=sbuf/fp32/p0+8@64[480:1] compute=fp32
    24:	multiply_moving out=psum/fp32/p0+24@2048[480:1] in0=sbuf/fp32/p0+8@1984[480:1] compute=fp32 signal=s0+1
    25:	multiply_moving out=psum/fp32/p0+24@4096[192:1] in0=sbuf/fp32/p0+8@3904[192:1] compute=fp32 signal=s0+1
    26:	load_stationary in0=sbuf/fp32/p0+24@64[8:1] compute=fp32 wait0=s5>=9
    27:	multiply_moving out=psum/fp32/p0+8@0[512:1] in0=sbuf/fp32/p0+24@128[512:1] compute=fp32 signal=s0+1
    28:	multiply_moving out=psum/fp32/p0+8@2048[64:1] in0=sbuf/fp32/p0+24@2176[64:1] compute=fp32 signal=s0+1
    29:	load_stationary in0=sbuf/fp32/p0+8@2368[32:1] compute=fp32 wait0=s5>=10
    30:	multiply_moving out=psum/fp32/p0+32@0[480:1] in0=sbuf/fp32/p0+8@64[480:1] compute=fp32 signal=s0+1
    31:	multiply_moving out=psum/fp32/p0+32@2048[96:1] in0=sbuf/fp32/p0+8@1984[96:1] compute=fp32 signal=s0+1
    32:	load_stationary in0=sbuf/fp32/p0+32@2368[8:1] compute=fp32 wait0=s5>=12
    33:	multiply_moving out=psum/fp32/p0+8@0[512:1] in0=sbuf/fp32/p0+32@5632[512:1] compute=fp32 signal=s0+1
    34:	multiply_moving out=psum/fp32/p0+8@2048[64:1] in0=sbuf/fp32/p0+32@7680[64:1] compute=fp32 signal=s0+1
    35:	load_stationary in0=sbuf/fp32/p0+8@64[32:1] compute=fp32 wait0=s5>=13
    36:	multiply_moving out=psum/fp32/p0+32@0[480:1] in0=sbuf/fp32/p0+8@4672[480:1] compute=fp32 signal=s0+1
    37:	multiply_moving out=psum/fp32/p0+32@2048[96:1] in0=sbuf/fp32/p0+8@6592[96:1] compute=fp32 signal=s0+1
    38:	load_stationary in0=sbuf/fp32/p0+32@128[8:1] compute=fp32 wait0=s5>=15
    39:	multiply_moving out=psum/fp32/p0+8@0[1:1] in0=sbuf/fp32/p0+32@64[1:1] compute=fp32 signal=s0+1
    40:	load_stationary in0=sbuf/fp32/p0+8@128[32:1] compute=fp32 wait0=s5>=16
    41:	multiply_moving out=psum/fp32/p0+32@0[1:1] in0=sbuf/fp32/p0+8@64[1:1] compute=fp32 signal=s0+1
    42:	load_stationary in0=sbuf/fp32/p0+32@64[16:1] compute=fp32 wait0=s5>=17
    43:	multiply_moving out=psum/fp32/p0+16@0[288:1] in0=sbuf/fp32/p0+32@128[288:1] compute=fp32 signal=s0+1
    44:	load_stationary in0=sbuf/fp32/p0+16@1216[88:1] compute=fp32 wait0=s5>=18
    45:	multiply_moving out=psum/fp32/p0+88@0[288:1] in0=sbuf/fp32/p0+16@64[288:1] compute=fp32 signal=s0+1
    46:	load_stationary in0=sbuf/fp32/p0+88@1280[22:1] compute=fp32 wait0=s5>=20
    47:	multiply_moving out=psum/fp32/p0+22@0[1:1] in0=sbuf/fp32/p0+88@1216[1:1] compute=fp32 signal=s0+1
    48:	load_stationary in0=sbuf/fp32/p0+22@1280[88:1] compute=fp32 wait0=s5>=21
    49:	multiply_moving out=psum/fp32/p0+88@0[1:1] in0=sbuf/fp32/p0+22@1216[1:1] compute=fp32 signal=s0+1
    50:	load_stationary in0=sbuf/fp32/p0+88@1216[16:1] compute=fp32 wait0=s5>=22
    51:	multiply_moving out=psum/fp32/p0+16@0[288:1] in0=sbuf/fp32/p0+88@1280[288:1] compute=fp32 signal=s0+1
    52:	load_stationary in0=sbuf/fp32/p0+16@64[88:1] compute=fp32 wait0=s5>=23
    53:	multiply_moving out=psum/fp32/p0+88@0[288:1] in0=sbuf/fp32/p0+16@2368[288:1] compute=fp32 signal=s0+1
    54:	load_stationary in0=sbuf/fp32/p0+88@1344[22:1] compute=fp32 wait0=s5>=25
    58:	load_stationary in0=sbuf/fp32/p0+88@64[16:1] compute=fp32 wait0=s5>=27
    67:	multiply_moving out=psum/fp32/p0+16@0[288:1] in0=sbuf/fp32/p0+40@2368[288:1] compute=fp32 signal=s0+1
    76:	load_stationary in0=sbuf/fp32/p0+16@64[104:1] compute=fp32 wait0=s5>=38
    85:	multiply_moving out=psum/fp32/p0+128@0[192:1] in0=sbuf/fp32/p0+32@64[192:1] compute=fp32 signal=s0+1
    94:	load_stationary in0=sbuf/fp32/p0+50@1408[72:1] compute=fp32
   103:	multiply_moving out=psum/fp32/p0+72@0[192:1] in0=sbuf/fp32/p0+32@1600[192:1] compute=fp32 wait0=s2>=50 signal=s0+1
   112:	load_stationary in0=sbuf/fp32/p0+128@64[32:1] compute=fp32 wait0=s5>=57
   121:	multiply_moving out=psum/fp32/p0+1@0[2:1] in0=sbuf/fp32/p0+128@64[2:1] compute=fp32 wait0=s5>=60
     3:	memset out=sbuf/fp32/p0+8@9344[98:1] compute=fp32 wait0=s6>=1
    12:	memset out=sbuf/fp32/p0+24@9844[1:1] compute=fp32
    21:	memset out=sbuf/fp32/p0+32@3328[100:1] compute=fp32
    30:	reduce out=sbuf/fp32/p0+88@0[1:1] in0=sbuf/fp32/p0+88@4352[288:1] op0=add compute=fp32 axes=1 wait0=s2>=18
    39:	tensor_scalar out=sbuf/fp32/p0+88@64[1:1] in0=sbuf/fp32/p0+88@0[1:1] op0=multiply compute=fp32 imm0=0.00347222225f signal=s1+1
    48:	tensor_scalar out=sbuf/fp32/p0+40@2368[288:1] in0=sbuf/fp32/p0+40@5120[288:1] in1=sbuf/fp32/p0+40@64[1:1] op0=multiply compute=fp32 wait0=s2>=30 signal=s1+1
    57:	tensor_tensor out=sbuf/fp32/p0+16@1216[288:1] in0=sbuf/fp32/p0+16@2368[288:1] in1=sbuf/fp32/p0+16@64[288:1] op0=add compute=fp32 wait0=s2>=36 signal=s1+1
    66:	memset out=sbuf/fp32/p0+72@4024[198:1] compute=fp32
    75:	tensor_scalar out=sbuf/fp32/p0+128@832[1:1] in0=sbuf/fp32/p0+128@0[1:1] op0=multiply compute=fp32 imm0=0.00520833349f signal=s1+1
    84:	memset out=sbuf/fp32/p0+128@3936[198:1] compute=fp32
    93:	tensor_scalar out=sbuf/fp32/p0+72@3136[192:1] in0=sbuf/fp32/p0+72@7872[192:1] in1=sbuf/fp32/p0+72@964[1:1] op0=multiply compute=fp32 wait0=s2>=56 signal=s1+1
   102:	reduce out=sbuf/fp32/p0+1@64[1:1] in0=sbuf/fp32/p0+1@0[2:1] op0=max compute=fp32 axes=1
     2:	activate out=sbuf/fp32/p0+8@9736[4:485,5:97,96:1] in0=psum/fp32/p0+8@0[4:512,5:96,96:1] in2=sbuf/fp32/p0+8@0[1:1] op0=relu compute=fp32 imm2=1f wait0=s0>=3 wait1=s1>=2 signal=s2+1
    11:	activate out=sbuf/fp32/p0+8@2112[64:1] in0=psum/fp32/p0+8@2048[64:1] in2=sbuf/fp32/p0+8@0[1:1] compute=fp32 imm2=1f wait0=s0>=13 signal=s2+1
    20:	activate out=sbuf/fp32/p0+32@64[1:1] in0=psum/fp32/p0+32@0[1:1] in2=sbuf/fp32/p0+32@0[1:1] op0=clamp compute=fp32 imm1=1f imm2=0.200000003f wait0=s0>=21 signal=s2+1
    29:	activate out=sbuf/fp32/p0+22@64[1:1] in0=psum/fp32/p0+22@0[1:1] in2=sbuf/fp32/p0+22@0[1:1] op0=relu compute=fp32 imm2=1f wait0=s0>=28 signal=s2+1
    38:	activate out=sbuf/fp32/p0+48@192[288:1] in0=sbuf/fp32/p0+48@192[288:1] op0=hard_swish compute=fp32 imm0=0.166666672f imm1=0.5f imm2=1f wait0=s1>=30 signal=s2+1
    47:	activate out=sbuf/fp32/p0+128@2456[2:98,96:1] in0=psum/fp32/p0+128@0[2:96,96:1] in2=sbuf/fp32/p0+128@0[1:1] op0=hard_swish compute=fp32 imm0=0.166666672f imm1=0.5f imm2=1f wait0=s0>=43 wait1=s1>=38 signal=s2+1
    56:	activate out=sbuf/fp32/p0+72@5520[2:98,96:1] in0=psum/fp32/p0+72@0[2:96,96:1] in2=sbuf/fp32/p0+72@4[1:1] op0=hard_swish compute=fp32 imm0=0.166666672f imm1=0.5f imm2=1f wait0=s0>=50 wait1=s1>=48 signal=s2+1
    65:	activate out=sbuf/fp32/p0+1@128[2:1] in0=sbuf/fp32/p0+1@128[2:1] op0=exp compute=fp32 imm2=1f wait0=s1>=59 signal=s2+1
     4:	dma_copy destination=sbuf/fp32/p0+8@0[1:1] source=memory/fp32/v2@1280[8:1] wait0=s2>=4
    13:	dma_copy destination=sbuf/fp32/p0+8@4672[24:1] source=memory/fp32/v2@2368[8:24,24:1] signal=s5+1
    22:	dma_copy destination=sbuf/fp32/p0+8@0[1:1] source=memory/fp32/v2@7424[8:1] wait0=s1>=8
    31:	dma_copy destination=sbuf/fp32/p0+8@128[32:1] source=memory/fp32/v2@14208[8:32,32:1] signal=s5+1
    40:	dma_copy destination=sbuf/fp32/p0+88@0[1:1] source=memory/fp32/v2@40448[88:1] wait0=s2>=19
    49:	dma_copy destination=sbuf/fp32/p0+88@1344[22:1] source=memory/fp32/v2@69632[88:22,22:1] signal=s5+1
    58:	dma_copy destination=sbuf/fp32/p0+10@0[1:1] source=memory/fp32/v2@98176[10:1] wait0=s1>=26
    67:	dma_copy destination=sbuf/fp32/p0+48@64[25:1] source=memory/fp32/v2@107712[48:25,25:1] signal=s5+1
    76:	dma_copy destination=sbuf/fp32/p0+104@0[1:1] source=memory/fp32/v2@127616[104:1] wait0=s2>=37
    85:	dma_copy destination=sbuf/fp32/p0+72@4[1:1] source=memory/fp32/v2@174656[72:1]
    94:	dma_copy destination=sbuf/fp32/p0+128@0[1:1] source=memory/fp32/v2@261696[128:1] wait0=s2>=46
   103:	dma_copy destination=sbuf/fp32/p0+128@0[1:1] source=memory/fp32/v2@354688[128:1] wait0=s2>=50
   112:	dma_copy destination=sbuf/fp32/p0+50@128[200:1] source=memory/fp32/v2@416640[50:200,200:1] signal=s5+1
   121:	dma_copy destination=sbuf/fp32/p0+1@128[2:1] source=memory/fp32/v2@510400[2:1] signal=s5+1
     5:	end
